// A trace as a waterfall: which rows are there, which one is current, the keyboard, the filter and the time axis.

const INITIAL_ROWS = 500;
const MAX_ZOOM = 20000;

// Draws `trace` in `main`. `keysFrom` is the node whose key presses are the waterfall's, `chips` are buttons that show
// one service only, `scroll` says whether to bring the first marked span into view; an aborted `signal` lets go of what
// is listened to outside of `main`.
const waterfall = (trace, main, { keysFrom = document, chips = [], scroll = true, signal } = {}) => {
  const spans = trace.spans;
  const whole = Math.max(1, trace.duration);
  const rows = new Map();
  const details = new Map();
  const expanded = new Uint8Array(spans.length);
  let filter = null; // { matches, shown }: sets of indices
  let order = []; // the indices of the rows on the page, ascending
  let current = 0;
  let zoomedTo = { at: 0, length: whole };

  const shapes = spans.map((span) => ({ depth: 0, children: 0, position: 0, siblings: 0, last: 0, below: 0 }));
  let rootCount = 0;
  spans.forEach((span, index) => {
    const above = shapes[span.parent];
    shapes[index].depth = above ? above.depth + 1 : 0;
    shapes[index].position = above ? ++above.children : ++rootCount;
  });
  for (let index = spans.length - 1; index >= 0; index--) {
    const shape = shapes[index];
    shape.last = Math.max(shape.last, index);
    shape.below = shape.last - index;
    const above = shapes[spans[index].parent];
    shape.siblings = above ? above.children : rootCount;
    if (above) above.last = Math.max(above.last, shape.last);
  }

  // --- what is open -------------------------------------------------------------------------------------

  const openAbove = (index) => {
    for (let at = spans[index].parent; at >= 0 && !expanded[at]; at = spans[at].parent) expanded[at] = 1;
  };

  const openInitially = () => {
    const atDepth = [];
    for (const { depth } of shapes) atDepth[depth] = (atDepth[depth] || 0) + 1;
    let levels = 1; // a trace of one root with all the others below it shows these, however many
    let total = atDepth[0] + (atDepth[1] || 0);
    while (levels + 1 < atDepth.length && total + atDepth[levels + 1] <= INITIAL_ROWS) total += atDepth[++levels];
    shapes.forEach(({ depth }, index) => { expanded[index] = depth < levels ? 1 : 0; });
    spans.forEach((span, index) => { if (span.marked) openAbove(index); });
  };

  const visible = () => {
    const indices = [];
    for (let index = 0; index < spans.length;) {
      const hidden = filter && !filter.shown.has(index);
      if (!hidden) indices.push(index);
      index = !hidden && (filter || expanded[index]) ? index + 1 : shapes[index].last + 1;
    }
    return indices;
  };

  // --- the page's elements ------------------------------------------------------------------------------

  const search = el("input", "");
  search.type = "search";
  search.placeholder = "Filter by name, service or attribute";
  search.setAttribute("aria-label", "Filter spans by name, service or attribute");
  const found = el("output", "found");
  const unzoom = button("Whole trace", () => zoom(0, whole));
  const toolbar = el("div", "toolbar", search, found, el("span", "space"), unzoom,
    button("Expand all", () => { expanded.fill(1); draw(); }),
    button("Collapse all", () => { expanded.fill(0); draw(); }));

  const axis = el("div", "axis");
  const head = el("div", "head",
    ...["Span", "Duration"].map((label) => el("div", "", label)), el("div", "timeline", el("div", "lane", axis)));
  head.setAttribute("role", "row");
  for (const cell of head.children) cell.setAttribute("role", "columnheader");
  head.lastChild.setAttribute("aria-label", "Time since the start of the trace");
  const body = el("div", "body");
  body.setAttribute("role", "rowgroup");
  const grid = el("div", "grid", head, body);
  grid.setAttribute("role", "treegrid");
  grid.setAttribute("aria-label", "Spans of the trace");
  const keys = el("p", "keys");
  for (const [key, does] of [["↑ ↓", "move"], ["← →", "collapse, expand"], ["Enter", "details"], ["z", "zoom to span"],
    ["Esc", "whole trace"], ["n", "next offending or failed"], ["/", "filter"]]) {
    keys.append(el("kbd", "", key), ` ${does}  `);
  }
  main.append(toolbar, grid, keys);

  const rowOf = (index) => {
    if (!rows.has(index)) {
      const row = spanRow(spans[index], trace.services[spans[index].service], shapes[index], whole);
      row.dataset.index = String(index);
      rows.set(index, row);
    }
    return rows.get(index);
  };

  const detailOf = (index) => {
    const span = spans[index];
    const copy = button("Copy span id", () => copyText(span.id, copy));
    const tools = [button("Zoom to span", () => zoomTo(index)), copy];
    const panel = detailsPanel(span, trace.services[span.service], trace.resources[span.resource], spans[span.parent], tools);
    const cell = el("div", "", panel);
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colspan", "3");
    const node = el("div", "detail", cell);
    node.id = `detail-${index}`;
    node.setAttribute("role", "row");
    node.setAttribute("aria-label", `Details of ${span.name}`);
    return node;
  };

  // Brings the page in line with the state, touching only the rows that come or go.
  const draw = () => {
    order = visible();
    const wanted = [];
    for (const index of order) {
      const row = rowOf(index);
      if (shapes[index].children) row.setAttribute("aria-expanded", String(Boolean(filter || expanded[index])));
      row.classList.toggle("is-context", Boolean(filter) && !filter.matches.has(index));
      wanted.push(row);
      if (details.has(index)) wanted.push(details.get(index));
    }
    const keep = new Set(wanted);
    for (const node of [...body.children]) if (!keep.has(node)) node.remove();
    let next = body.firstElementChild;
    for (const node of wanted) {
      if (node === next) next = next.nextElementSibling;
      else body.insertBefore(node, next);
    }
    while (order.length && !isShown(current)) current = spans[current].parent >= 0 ? spans[current].parent : order[0];
    select(current);
  };

  const isShown = (index) => rows.has(index) && rows.get(index).isConnected;

  const select = (index, { focus = false } = {}) => {
    rows.get(current)?.setAttribute("tabindex", "-1");
    current = index;
    const row = rows.get(index);
    row?.setAttribute("tabindex", "0");
    if (focus) {
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
  };

  const toggleDetails = (index) => {
    if (details.has(index)) details.delete(index);
    else details.set(index, detailOf(index));
    const row = rowOf(index);
    row.classList.toggle("is-open", details.has(index));
    if (details.has(index)) row.setAttribute("aria-details", `detail-${index}`);
    else row.removeAttribute("aria-details");
    draw();
  };

  const setExpanded = (index, open) => {
    expanded[index] = open ? 1 : 0;
    draw();
  };

  const reveal = (index, { scroll = true } = {}) => {
    if (filter && !filter.shown.has(index)) setFilter("");
    openAbove(index);
    if (!details.has(index)) toggleDetails(index);
    else draw();
    if (!scroll) return;
    const box = details.get(index).getBoundingClientRect();
    const bottom = box.top + Math.min(box.height, innerHeight / 2);
    if (box.top < 80 || bottom > innerHeight) rowOf(index).scrollIntoView({ block: "center" });
  };

  const jump = (wanted) => {
    for (let step = 1; step <= spans.length; step++) {
      const index = (current + step) % spans.length;
      if (!wanted(spans[index])) continue;
      reveal(index);
      select(index, { focus: true });
      return;
    }
  };

  // --- time ---------------------------------------------------------------------------------------------

  const zoom = (at, length) => {
    zoomedTo = { at, length: Math.max(length, whole / MAX_ZOOM) };
    grid.style.setProperty("--zoom-at", String(zoomedTo.at / whole));
    grid.style.setProperty("--zoom", String(whole / zoomedTo.length));
    unzoom.hidden = zoomedTo.length >= whole;
    drawAxis();
  };

  const zoomTo = (index) => {
    const { at, duration } = spans[index];
    const margin = Math.max(duration * 0.05, whole / MAX_ZOOM / 2);
    zoom(at - margin, duration + 2 * margin);
  };

  const drawAxis = () => {
    const { at, length } = zoomedTo;
    const step = niceStep(length, Math.max(2, axis.clientWidth / 90));
    const first = Math.ceil(at / step);
    const ticks = [];
    for (let tick = first; tick * step <= at + length; tick++) {
      const share = (tick * step - at) / length;
      const label = el("span", share > 0.9 ? "tick last" : "tick", tickLabel(tick * step, step, at + length));
      label.style.left = `${100 * share}%`;
      ticks.push(label);
    }
    axis.replaceChildren(...ticks);
    // A background of one line a step, which CSS repeats: its position is a share of the space it leaves.
    const size = step / length;
    grid.style.setProperty("--tick-size", `${100 * size}%`);
    grid.style.setProperty("--tick-at", `${(100 * ((first * step - at) / length)) / (1 - size)}%`);
  };

  // --- filter -------------------------------------------------------------------------------------------

  const haystacks = new Map();
  const haystack = (index) => {
    if (!haystacks.has(index)) {
      const span = spans[index];
      const events = (span.events || []).flatMap((event) => [[event.name, ""], ...event.attributes]);
      const texts = [...(span.attributes || []), ...events].map(([key, value]) => `${key}=${shown(value)}`);
      texts.push(trace.services[span.service].name, span.name, span.id, shown(span.message));
      haystacks.set(index, texts.join("\n").toLowerCase());
    }
    return haystacks.get(index);
  };

  const showOnly = (matching) => {
    filter = { matches: new Set(), shown: new Set() };
    spans.forEach((span, index) => {
      if (!matching(index)) return;
      filter.matches.add(index);
      for (let at = index; at >= 0 && !filter.shown.has(at); at = spans[at].parent) filter.shown.add(at);
    });
    const count = (number) => number.toLocaleString("en");
    found.textContent = `${count(filter.matches.size)} of ${count(spans.length)} spans`;
    draw();
  };

  const setFilter = (text) => {
    if (search.value !== text) search.value = text;
    const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (terms.length) return showOnly((index) => terms.every((term) => haystack(index).includes(term)));
    filter = null;
    found.textContent = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    openAbove(current);
    return draw();
  };

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => setFilter(search.value), spans.length > 2000 ? 150 : 0);
  });

  for (const chip of chips) {
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => {
      const pressed = chip.getAttribute("aria-pressed") === "true";
      setFilter("");
      if (pressed) return;
      chip.setAttribute("aria-pressed", "true");
      showOnly((index) => spans[index].service === Number(chip.dataset.service));
    });
  }

  // --- mouse and keyboard -------------------------------------------------------------------------------

  body.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || String(getSelection())) return;
    const index = Number(row.dataset.index);
    select(index, { focus: true });
    if (event.target.closest(".twisty:not(.leaf), .hidden-count")) setExpanded(index, !expanded[index]);
    else toggleDetails(index);
  });

  // Assistive technology may focus any row.
  body.addEventListener("focusin", (event) => {
    if (event.target.classList.contains("row")) select(Number(event.target.dataset.index));
  });

  const move = (steps) => {
    const place = Math.min(order.length - 1, Math.max(0, order.indexOf(current) + steps));
    select(order[place], { focus: true });
  };

  const isOpen = (index) => Boolean(shapes[index].children && (filter || expanded[index]));

  const onRowKey = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => move(20),
    PageUp: () => move(-20),
    Home: () => move(-spans.length),
    End: () => move(spans.length),
    ArrowRight: () => {
      if (isOpen(current)) move(1);
      else if (shapes[current].children) setExpanded(current, true);
    },
    ArrowLeft: () => {
      if (isOpen(current) && !filter) setExpanded(current, false);
      else if (spans[current].parent >= 0) select(spans[current].parent, { focus: true });
    },
    Enter: () => toggleDetails(current),
    " ": () => toggleDetails(current),
    z: () => zoomTo(current),
  };

  keysFrom.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inRow = event.target.classList.contains("row");
    let act = inRow && onRowKey[event.key];
    if (event.key === "Escape" && event.target === search) act = () => { setFilter(""); select(current, { focus: true }); };
    else if (event.key === "Escape" && event.target.closest(".detail")) act = () => select(
      Number(event.target.closest(".detail").id.replace("detail-", "")), { focus: true });
    else if (event.key === "Escape") act = () => zoom(0, whole);
    else if (event.key === "/" && event.target !== search) act = () => search.focus();
    else if (event.key === "n" && event.target !== search) act = () => jump((span) => span.marked || span.status === "error");
    if (!act) return;
    event.preventDefault();
    act();
  }, { signal });

  // --- start --------------------------------------------------------------------------------------------

  openInitially();
  draw();
  zoom(0, whole);
  const resized = new ResizeObserver(drawAxis);
  resized.observe(axis);
  signal?.addEventListener("abort", () => resized.disconnect());
  const firstMarked = spans.findIndex((span) => span.marked);
  if (firstMarked >= 0) {
    reveal(firstMarked, { scroll });
    select(firstMarked);
  }
  return { jump };
};
