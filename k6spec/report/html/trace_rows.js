// The rows of the waterfall, made when they are first shown.

const MAX_INDENT = 18;

const badge = (className, label, title) => {
  const node = el("span", `badge ${className}`, label);
  if (title) node.title = title;
  return node;
};

const badges = (span) => {
  const list = [];
  if (span.marked) list.push(badge("marked", "offending"));
  if (span.status === "error") list.push(badge("error", "error", shown(span.message)));
  if (span.before || span.after) {
    const by = [span.before && `starts ${formatNs(span.before)} early`, span.after && `ends ${formatNs(span.after)} late`];
    list.push(badge("outside", "outside its parent", by.filter(Boolean).join(", ")));
  }
  if (span.orphan) list.push(badge("orphan", "parent missing"));
  if (span.duplicate) list.push(badge("duplicate", "repeated id"));
  return list;
};

const placed = (node, at, duration, whole) => {
  node.style.setProperty("--at", String(at / whole));
  node.style.setProperty("--for", String(duration / whole));
  return node;
};

// `shape`: { depth, children, position, siblings } of the span in its tree; `whole`: the trace's length in ns.
const spanRow = (span, service, shape, whole) => {
  const row = el("div", `row ${service.colour}`);
  const inset = Math.min(shape.depth, MAX_INDENT);
  const name = el("div", "name",
    el("span", shape.children ? "twisty" : "twisty leaf"),
    ...(shape.depth > MAX_INDENT ? [el("span", "depth", `⋯${shape.depth}`)] : []),
    el("i", "swatch"), el("bdi", "service", service.name), el("bdi", "operation", span.name),
    ...badges(span),
    ...(shape.children ? [el("span", "hidden-count", `+${shape.below.toLocaleString("en")}`)] : []),
    ...(span.statement ? [el("bdi", "statement", span.statement)] : []));
  name.style.setProperty("--inset", String(inset));
  name.title = span.statement || span.name;

  const bar = placed(el("div", "bar"), span.at, span.duration, whole);
  const lane = el("div", "lane", bar);
  for (const phase of span.phases || []) {
    if (!phase.duration) continue;
    const segment = placed(el("i", `bar phase ${phase.name}`), phase.at, phase.duration, whole);
    segment.title = `${phase.name} ${formatNs(phase.duration)}`;
    lane.append(segment);
  }
  for (const event of span.events || []) {
    const dot = placed(el("i", event.name === "exception" ? "event exception" : "event"), event.at, 0, whole);
    dot.title = `${event.name} at ${formatNs(event.at)}`;
    lane.append(dot);
  }
  const timeline = el("div", "timeline", lane);
  const duration = el("div", "duration", formatNs(span.duration));

  row.tabIndex = -1;
  row.setAttribute("role", "row");
  row.setAttribute("aria-level", String(shape.depth + 1));
  row.setAttribute("aria-posinset", String(shape.position));
  row.setAttribute("aria-setsize", String(shape.siblings));
  for (const cell of [name, duration, timeline]) cell.setAttribute("role", "gridcell");
  timeline.setAttribute("aria-label", `starts at ${formatNs(span.at)}, self time ${formatNs(span.self)}`);
  if (span.marked) row.classList.add("is-marked");
  if (span.status === "error") row.classList.add("is-error");
  row.append(name, duration, timeline);
  return row;
};
