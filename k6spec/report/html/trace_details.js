// The panel under a row: everything that is known about one span.

const facts = (entries) => {
  const list = el("dl", "facts");
  for (const [name, ...value] of entries) list.append(el("div", "", el("dt", "", name), el("dd", "", ...value)));
  return list;
};

const section = (title, ...content) => el("section", "", el("h3", "", title), ...content);

const isStackTrace = (key) => key === "exception.stacktrace";

const pairs = (entries) => {
  const list = el("dl", "pairs");
  for (const [key, value] of entries) {
    const body = isStackTrace(key) ? el("pre", "", ...textNodes(value)) : el("bdi", "", ...textNodes(value));
    const row = el("div", isStackTrace(key) ? "wide" : "", el("dt", "", el("bdi", "", key)), el("dd", "", body));
    list.append(row);
  }
  return list;
};

const remarks = (span) => {
  const said = [];
  if (span.before) said.push(`Outside its parent: starts ${formatNs(span.before)} before it.`);
  if (span.after) said.push(`Outside its parent: ends ${formatNs(span.after)} after it.`);
  if (span.before) said.push("The clocks of the two hosts differ, or the parent was recorded late.");
  if (span.orphan) said.push(`Its parent ${span.parentId} is not in this trace, or the parents form a circle.`);
  if (span.duplicate) said.push("Another span has the same id.");
  for (const [what, count] of Object.entries(span.dropped || {})) {
    said.push(`The SDK dropped ${count.toLocaleString("en")} of its ${what}.`);
  }
  return said.map((text) => el("p", "remark", text));
};

const phaseSection = (span) => {
  const strip = el("div", "phase-strip");
  const list = el("ul", "phases");
  for (const phase of span.phases) {
    const segment = el("i", `phase ${phase.name}`);
    segment.style.flexGrow = String(phase.duration);
    strip.append(segment);
    const label = phase.name.replace("tls_handshaking", "TLS handshaking");
    list.append(el("li", phase.duration ? "" : "none",
      el("i", `swatch phase ${phase.name}`), `${label} `, el("b", "", formatNs(phase.duration))));
  }
  strip.setAttribute("aria-hidden", "true");
  return section("k6's phases", strip, list);
};

const eventSection = (events) => {
  const list = el("ol", "events");
  for (const event of events) {
    const isException = event.name === "exception";
    list.append(el("li", isException ? "exception" : "",
      el("span", "offset", formatNs(event.at)), el("b", "", el("bdi", "", event.name)), pairs(event.attributes)));
  }
  return section("Events", list);
};

const linkSection = (links) => {
  const list = el("ul", "links");
  for (const link of links) {
    list.append(el("li", "", "trace ", el("code", "", link.trace), " span ", el("code", "", link.span),
      pairs(link.attributes)));
  }
  return section("Links", list);
};

// `tools` are the buttons that act on the page around the panel.
const detailsPanel = (span, service, resource, parent, tools) => {
  const id = el("code", "", span.id);
  const status = [span.status];
  if (span.message) status.push(": ", ...textNodes(span.message));
  const panel = el("div", `panel ${service.colour}`,
    el("div", "panel-head", el("h2", "", el("bdi", "", span.name)), el("div", "tools", ...tools)),
    facts([
      ["Service", el("bdi", "", service.name)],
      ["Kind", span.kind],
      ["Start", formatNs(span.at)],
      ["Duration", formatNs(span.duration)],
      ["Self time", `${formatNs(span.self)}`, el("small", "", ` ${percentOf(span.self, span.duration)}`)],
      ["Status", el("span", span.status === "error" ? "error-text" : "", ...status)],
      ["Span", id],
      ...(parent ? [["Parent", el("bdi", "", parent.name)]] : []),
      ...(span.scope ? [["Scope", el("bdi", "", span.scope)]] : []),
    ]),
    ...remarks(span));
  if (span.phases) panel.append(phaseSection(span));
  const none = () => el("p", "none", "none");
  panel.append(el("div", "columns",
    section("Attributes", span.attributes ? pairs(span.attributes) : none()),
    section("Resource", resource.length ? pairs(resource) : none())));
  if (span.events) panel.append(eventSection(span.events));
  if (span.links) panel.append(linkSection(span.links));
  return panel;
};
