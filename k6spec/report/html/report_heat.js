// The heat map: how many requests began when, and how long they took, on a logarithmic scale.

const heatChart = (timeline, operation, traces, { onTrace, ...common }) => {
  const [slices, bins, counts] = timeline.heat[operation];
  const most = Math.max(1, ...counts);
  const edge = (bin) => 10 ** (bin / timeline.binsADecade) / 1e6; // bins are of nanoseconds, the axis of milliseconds
  const low = edge(Math.min(...bins)) / 1.2;
  const high = edge(Math.max(...bins) + 1) * 1.2;
  const here = traces.filter(({ named }) => named);
  const shown = figureOf("Latency of every request", []);
  const scale = el("span", "key", el("i", "ramp"), `1 – ${formatCount(most)} requests`);
  const ring = el("span", "key", el("i", "ring"), "traces that claims point to");
  shown.node.querySelector("figcaption").append(scale, ...(here.length ? [ring] : []));

  const place = (u, { at, duration }) => [u.valToPos(at, "x", true), u.valToPos(duration / 1e6, "y", true)];
  const cells = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = colourOf("--heat");
    slices.forEach((slice, index) => {
      const left = u.valToPos(slice * timeline.step, "x", true);
      const right = u.valToPos((slice + 1) * timeline.step, "x", true);
      const top = u.valToPos(edge(bins[index] + 1), "y", true);
      const bottom = u.valToPos(edge(bins[index]), "y", true);
      ctx.globalAlpha = 0.22 + 0.78 * (Math.log(counts[index]) / Math.log(Math.max(2, most)));
      ctx.fillRect(left, top, Math.max(1, right - left - 1), Math.max(1, bottom - top));
    });
    ctx.globalAlpha = 1;
    ctx.strokeStyle = colourOf("--error");
    ctx.lineWidth = 2 * devicePixelRatio;
    for (const trace of here) {
      ctx.beginPath();
      ctx.arc(...place(u, trace), 5 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.stroke();
    }
    ctx.restore();
  };

  const make = () => {
    const range = () => [low, high];
    const options = optionsOf(shown.plot, { ...common, height: 210, format: formatMs, scale: { distr: 3, log: 10, range } });
    options.series = [{}, { paths: () => null, points: { show: false } }];
    options.hooks.draw = [cells];
    options.cursor.points = { show: false };
    const times = slicesOf(timeline);
    const chart = new uPlot(options, [times, times.map(() => null)], shown.plot);
    chart.over.addEventListener("click", (event) => {
      const distance = (trace) => {
        const [x, y] = place(chart, trace).map((pixel) => pixel / devicePixelRatio);
        const box = chart.root.getBoundingClientRect();
        return Math.hypot(x - (event.clientX - box.left), y - (event.clientY - box.top));
      };
      const nearest = here.toSorted((one, other) => distance(one) - distance(other))[0];
      if (nearest && distance(nearest) < 14) onTrace(nearest.id);
    });
    return chart;
  };
  return { ...shown, make, label: `Heat map of latency: from ${formatMs(low)} to ${formatMs(high)}` };
};
