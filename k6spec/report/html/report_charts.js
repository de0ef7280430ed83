// Charts over time: one axis, one cursor, one zoom for all of them.

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const formatMs = (ms) => formatNs(ms * 1e6);
const formatCount = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });

// Seconds since the load began.
const formatTime = (seconds, whole) => {
  if (whole < 120) return `${Number(seconds.toFixed(2))} s`;
  const rounded = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(rounded / 3600), Math.floor(rounded / 60) % 60, rounded % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};

const gutters = () => (innerWidth <= 760 ? { left: 54, right: 12 } : { left: 64, right: 16 });

const isThere = (values) => values.some((value) => value !== null && value !== 0);

// What is drawn of one operation (0: all requests): charts of series, each with its values, colour and format.
const chartsOf = (timeline, operation) => {
  const own = timeline.series[operation];
  const line = (label, values, colour, more = {}) => ({ label, values, colour, format: formatCount, ...more });
  const load = [
    line("planned VUs", timeline.plannedVus, "--muted", { dash: [5, 4], stepped: true }),
    line("active VUs", timeline.activeVus, "--accent", { stepped: true }),
    line("planned iterations/s", timeline.plannedRate, "--c1", { dash: [5, 4], stepped: true }),
  ].filter(({ values }) => isThere(values));
  const throughput = [line("requests/s", own.requests, "--accent", { fill: true })];
  const failures = [
    line("failed requests/s", own.failed, "--error", { fill: true }),
    line("dropped iterations/s", timeline.dropped, "--mark-line"),
  ].filter(({ values }, index) => index === 0 || isThere(values));
  const quantile = (name, colour) => line(name, own[name], colour, { format: formatMs });
  return [
    { title: "Load", series: load, height: 110 },
    { title: "Throughput", series: throughput, height: 110 },
    { title: "Errors", series: failures, height: failures.some(({ values }) => isThere(values)) ? 110 : 0 },
    {
      title: "Latency", height: 190, format: formatMs,
      series: [quantile("p50", "--c2"), quantile("p95", "--c1"), quantile("p99", "--error")],
    },
  ].filter(({ series }) => series.length);
};

// The figure around a chart: its title and, for each series, the value under the cursor.
const figureOf = (title, series) => {
  const values = series.map(() => el("output", "value"));
  const keys = series.map(({ label, colour, dash }, index) => {
    const swatch = el("i", dash ? "line dashed" : "line");
    swatch.style.borderColor = `var(${colour})`;
    return el("span", "key", swatch, `${label} `, values[index]);
  });
  const plot = el("div", "plot");
  return { node: el("figure", "chart", el("figcaption", "", el("b", "", title), ...keys), plot), plot, values };
};

const axesOf = (whole, format) => {
  const common = {
    stroke: colourOf("--muted"), font: `11px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: colourOf("--rule"), width: 1 }, ticks: { show: false },
  };
  return [
    { ...common, size: 24, gap: 4, space: 70, values: (u, splits) => splits.map((at) => formatTime(at, whole)) },
    { ...common, size: gutters().left, gap: 6, space: 34, values: (u, splits) => splits.map((value) => (value === null ? "" : format(value))) },
  ];
};

// What every chart has in common; `marks` draws below the data.
const optionsOf = (plot, { whole, height, format, marks, onCursor, onZoom, onReset, scale = {} }) => ({
  width: Math.max(200, plot.clientWidth), height, padding: [8, gutters().right, 0, 0], legend: { show: false },
  scales: { x: { time: false }, y: { range: (u, low, high) => [0, high > 0 ? high * 1.08 : 1], ...scale } },
  axes: axesOf(whole, format),
  cursor: {
    y: false, points: { size: 6 }, sync: { key: "k6spec" }, drag: { x: true, y: false, setScale: true },
    bind: { dblclick: () => () => { onReset(); return null; } },
  },
  hooks: {
    drawClear: [marks],
    setCursor: [(u) => onCursor(u)],
    setScale: [(u, key) => { if (key === "x") onZoom(u); }],
  },
});

const seriesOf = ({ label, colour, dash, fill, stepped }) => ({
  label, stroke: colourOf(colour), width: 1.75, dash, spanGaps: Boolean(stepped),
  fill: fill ? `color-mix(in srgb, ${colourOf(colour)} 14%, transparent)` : undefined,
  paths: stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
  points: { show: (u) => u.data[0].length <= 60, size: 4, fill: colourOf(colour) },
});
