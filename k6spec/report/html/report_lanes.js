// Which part of the load each claim speaks of: lanes on the charts' time axis.

const MOST_LANES = 14;

// Claims that did not pass, and those about a part of the load. `onChoose` gets a claim's windows, or null.
const lanesOf = (claims, whole, onChoose) => {
  const worth = claims.filter(({ outcome, partly }) => partly || outcome === "failed" || outcome === "inconclusive");
  const drawn = worth.slice(0, MOST_LANES);
  const left = claims.length - drawn.length;
  const bars = [];
  const rows = drawn.map((claim) => {
    const track = el("span", "track");
    for (const [from, to] of claim.windows) {
      const bar = el("i", "window");
      bars.push({ bar, from, to: Math.max(to, from + whole / 200) });
      track.append(bar);
    }
    const row = button("", () => {
      const pressed = row.getAttribute("aria-pressed") === "true";
      for (const other of rows) other.setAttribute("aria-pressed", "false");
      row.setAttribute("aria-pressed", String(!pressed));
      onChoose(pressed ? null : claim);
    });
    row.className = `lane-row ${claim.outcome}`;
    row.title = "Mark its part of the load in the charts";
    row.setAttribute("aria-pressed", "false");
    row.append(track, el("span", "label", el("span", "verdict", claim.outcome), " ", el("bdi", "", claim.claim)));
    return row;
  });
  const node = el("div", "lanes", ...rows);
  if (left) {
    const words = left === 1 ? "claim, which did not fail, is about the whole of it" : "claims, which did not fail, are about the whole of it";
    const more = worth.length > drawn.length ? `${left} more claims` : `${left}${drawn.length ? " more" : ""} ${words}`;
    node.append(el("p", "none", more));
  }
  const draw = (from, to) => {
    for (const { bar, from: low, to: high } of bars) {
      const [begin, end] = [Math.max(low, from), Math.min(high, to)];
      bar.hidden = end <= begin;
      bar.style.left = `${(100 * (begin - from)) / (to - from)}%`;
      bar.style.width = `${(100 * (end - begin)) / (to - from)}%`;
    }
  };
  return { node, draw, choose: (index) => rows[index]?.click(), first: drawn.findIndex(({ partly }) => partly) };
};
