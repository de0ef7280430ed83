// The report: puts together charts, tables and waterfalls, and follows links between them.

const report = JSON.parse(document.getElementById("report-data").textContent);

const slicesOf = (timeline) => Array.from({ length: timeline.count }, (_, index) => (index + 0.5) * timeline.step);

// --- charts -------------------------------------------------------------------------------------------

const drawCharts = (timeline, claims, traces) => {
  const whole = timeline.count * timeline.step;
  const times = slicesOf(timeline);
  let charts = [];
  let parts = [];
  let marked = null;
  let view = [0, whole];
  let following = false; // while the others are made to follow one of them

  const said = el("output", "found");
  said.setAttribute("aria-live", "polite");
  const choice = el("select", "", ...["All requests", ...timeline.operations].map((name) => el("option", "", name)));
  choice.setAttribute("aria-label", "Requests that throughput, errors and latency are of");
  const unzoom = button("Whole time", () => zoom(0, whole));
  const asTable = button("As a table", () => { table.hidden = !table.hidden; fillTable(); });
  const toolbar = el("div", "filter", choice, unzoom, asTable, said);
  const host = el("div", "plots");
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", "Charts over time: arrow keys move the cursor, Escape shows the whole time");
  const table = el("div", "scroll");
  table.hidden = true;
  const lanes = lanesOf(claims, whole, (claim) => {
    marked = claim;
    for (const chart of charts) chart.redraw(false);
  });
  document.getElementById("charts").append(toolbar, lanes.node, host, table);

  const zoom = (from, to) => {
    view = [Math.max(0, from), Math.min(whole, to)];
    following = true;
    for (const chart of charts) chart.setScale("x", { min: view[0], max: view[1] });
    following = false;
    unzoom.hidden = view[0] <= 0 && view[1] >= whole;
    lanes.draw(...view);
  };

  const marks = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const [from, to] of marked ? marked.windows : []) {
      const tone = { failed: "--error", inconclusive: "--mark", skipped: "--muted", passed: "--ok" }[marked.outcome];
      ctx.fillStyle = `color-mix(in srgb, ${colourOf(tone)} 8%, transparent)`;
      const left = u.valToPos(from, "x", true);
      ctx.fillRect(left, bbox.top, Math.max(2, u.valToPos(to, "x", true) - left), bbox.height);
    }
    ctx.strokeStyle = colourOf("--line");
    ctx.fillStyle = colourOf("--muted");
    ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    [ctx.textAlign, ctx.textBaseline] = ["left", "alphabetic"];
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const { name, at } of timeline.stages) {
      const x = Math.round(u.valToPos(at, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (u === charts[0] || !charts.length) ctx.fillText(name, x + 5 * devicePixelRatio, bbox.top + bbox.height - 5 * devicePixelRatio);
    }
    ctx.restore();
  };

  const onCursor = (u) => {
    const index = u.cursor.left >= 0 ? u.cursor.idx : null;
    said.textContent = index === null || index === undefined ? "" : `at ${formatTime(times[index], whole)}`;
    for (const { values, series } of parts) {
      series?.forEach((one, place) => {
        const value = index === null || index === undefined ? null : one.values[index];
        values[place].textContent = value === null || value === undefined ? "" : one.format(value);
      });
    }
  };

  const common = {
    whole, marks, onCursor, onReset: () => zoom(0, whole),
    onZoom: (u) => { if (!following && charts.length) zoom(u.scales.x.min, u.scales.x.max); },
  };

  const draw = () => {
    for (const chart of charts) chart.destroy();
    charts = [];
    const operation = choice.selectedIndex;
    parts = chartsOf(timeline, operation).filter(({ height }) => height).map(({ title, series, height, format = formatCount }) => {
      const figure = figureOf(title, series);
      const make = () => {
        const options = { ...optionsOf(figure.plot, { ...common, height, format }), series: [{}, ...series.map(seriesOf)] };
        return new uPlot(options, [times, ...series.map(({ values }) => values)], figure.plot);
      };
      const most = Math.max(...series.flatMap(({ values }) => values.filter((value) => value !== null)));
      return { ...figure, series, make, label: `${title}: ${series.map(({ label }) => label).join(", ")}; highest ${format(most)}` };
    });
    const noErrors = parts.every(({ series }) => !series.some(({ label }) => label.startsWith("failed")));
    parts.push(heatChart(timeline, operation, operation ? traces.filter((one) => one.operation === timeline.operations[operation - 1]) : traces,
      { ...common, onTrace: (id) => { location.hash = `trace-${id}`; } }));
    const none = noErrors ? [el("p", "none", "No request failed and no iteration was dropped, so there is no chart of errors.")] : [];
    host.replaceChildren(...parts.map(({ node }) => node), ...none);
    const made = parts.map(({ make, plot, label }) => {
      const chart = make();
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-label", label);
      return chart;
    });
    charts = made;
    zoom(...view);
    if (!table.hidden) fillTable();
  };

  const fillTable = () => {
    if (table.hidden) return;
    const series = parts.flatMap((part) => part.series || []);
    const head = el("tr", "", el("th", "", "Time"), ...series.map(({ label }) => el("th", "number", label)));
    const rows = times.map((time, index) => el("tr", "", el("th", "", formatTime(time, whole)),
      ...series.map(({ values, format }) => el("td", "number", values[index] === null ? "" : format(values[index])))));
    table.replaceChildren(el("table", "data", el("thead", "", head), el("tbody", "", ...rows)));
  };

  const resize = (width) => {
    for (const [index, chart] of charts.entries()) {
      chart.setSize({ width: width || Math.max(200, parts[index].plot.clientWidth), height: chart.height });
    }
  };

  const move = (steps) => {
    const [first, last] = [Math.ceil(view[0] / timeline.step - 0.5), Math.floor(view[1] / timeline.step - 0.5)];
    const before = charts[0].cursor.left >= 0 ? charts[0].cursor.idx : first - 1;
    const index = Math.min(last, Math.max(first, before + steps));
    for (const chart of charts) chart.setCursor({ left: chart.valToPos(times[index], "x"), top: 10 });
  };
  const keys = {
    ArrowRight: () => move(1), ArrowLeft: () => move(-1), Home: () => move(-times.length), End: () => move(times.length),
    Escape: () => zoom(0, whole),
  };
  host.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  choice.addEventListener("change", draw);
  draw();
  if (lanes.first >= 0) lanes.choose(lanes.first);
  let width = host.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(host.clientWidth - width) < 2) return;
    width = host.clientWidth;
    resize();
  }).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  // Paper is light, whatever the screen is, and as wide as it is.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    draw();
    resize(680);
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    draw();
  });
};

// --- traces -------------------------------------------------------------------------------------------

let leaving = null; // lets go of the waterfall that is shown

const showTrace = (chosen, { scroll }) => {
  leaving?.abort();
  leaving = new AbortController();
  const place = document.getElementById("waterfall");
  const copy = button("Copy", () => copyText(chosen.id, copy));
  const head = el("div", "trace-head", el("h3", "", el("bdi", "", chosen.operation)),
    el("p", "trace-id", "Trace ", el("code", "", chosen.id), " ", copy));
  for (const link of document.querySelectorAll("#trace-list a")) {
    if (link.hash === `#trace-${chosen.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (!chosen.trace) {
    const page = el("a", "", `traces/${chosen.id}.html`);
    page.href = `traces/${chosen.id}.html`;
    place.replaceChildren(head, el("p", "none", `${chosen.spans.toLocaleString("en")} spans are shown on a page of their own: `, page));
    return;
  }
  const chips = chosen.trace.services.map((service, index) => {
    const chip = button("", () => {});
    chip.className = service.colour;
    chip.dataset.service = String(index);
    chip.title = "Show only this service";
    chip.append(el("i", "swatch"), el("bdi", "", service.name));
    return chip;
  });
  const legend = el("ul", "legend", ...chips.slice(0, 24).map((chip) => el("li", "", chip)));
  const main = el("div", "waterfall");
  place.replaceChildren(head, legend, main);
  waterfall(chosen.trace, main, { keysFrom: main, chips, scroll: false, signal: leaving.signal });
  if (scroll) document.getElementById("traces").scrollIntoView();
};

const listTraces = (traces, whole) => {
  const cell = (className, ...content) => el("td", className, ...content);
  const rows = traces.map((chosen) => {
    const link = el("a", "", el("bdi", "", chosen.operation));
    link.href = `#trace-${chosen.id}`;
    const why = chosen.reasons.map((reason) => el("div", "", el("bdi", "", reason)));
    const head = el("th", chosen.named ? "named" : "", link);
    head.scope = "row";
    return el("tr", "", head, cell("number", formatNs(chosen.duration)), cell("number", formatTime(Math.max(0, chosen.at), whole)),
      cell("number", chosen.spans.toLocaleString("en")), cell(chosen.errors ? "number bad" : "number muted", chosen.errors.toLocaleString("en")),
      cell("why", ...why));
  });
  const head = (name, className = "") => { const one = el("th", className, name); one.scope = "col"; return one; };
  const heads = [head("Request"), ...["Duration", "At", "Spans", "Errors"].map((name) => head(name, "number")), head("Why it is here")];
  const scroll = el("div", "scroll", el("table", "data", el("thead", "", el("tr", "", ...heads)), el("tbody", "", ...rows)));
  document.getElementById("trace-list").append(traces.length ? scroll : el("p", "none", "No trace was received."));
};

const followHash = ({ scroll }) => {
  const chosen = report.traces.find(({ id }) => location.hash === `#trace-${id}`);
  if (chosen) showTrace(chosen, { scroll });
  return Boolean(chosen);
};

// --- start --------------------------------------------------------------------------------------------

for (const table of document.querySelectorAll("table[data-sortable]")) sortable(table);
document.getElementById("spans-filter").append(filterOf(document.getElementById("spans-table"), "spans"));
if (report.timeline) drawCharts(report.timeline, report.claims, report.traces);
listTraces(report.traces, report.timeline ? report.timeline.count * report.timeline.step : 0);
addEventListener("hashchange", () => followHash({ scroll: true }));
for (const link of document.querySelectorAll('a[href^="#trace-"]')) {
  link.addEventListener("click", () => { if (link.hash === location.hash) followHash({ scroll: true }); });
}
if (!followHash({ scroll: true }) && report.traces.length) showTrace(report.traces[0], { scroll: false });
