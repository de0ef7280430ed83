"use strict";

// Elements and texts. Strings only ever become text nodes here: nothing parses them as HTML.

const el = (tag, className, ...content) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content);
  return node;
};

const button = (label, onClick) => {
  const node = el("button", "", label);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
};

const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]];

// As k6spec.units.format_ns does.
const formatNs = (ns) => {
  const size = Math.abs(ns);
  for (const [scale, unit] of UNITS) {
    if (size < 0.9995 * scale) continue;
    const value = ns / scale;
    const short = Number.isInteger(value) || Math.abs(value) >= 100;
    return `${short ? value.toFixed(0) : Number(value.toPrecision(3))} ${unit}`;
  }
  return size ? `${ns.toFixed(0)} ns` : "0 ms";
};

const percentOf = (part, whole) => {
  if (!whole) return "";
  const value = (100 * part) / whole;
  return value > 0 && value < 0.1 ? "< 0.1 %" : `${value.toFixed(value < 10 ? 1 : 0)} %`;
};

// A text of the payload: a string, or [shown, full length] where it was cut.
const shown = (text) => (Array.isArray(text) ? text[0] : text || "");

const textNodes = (text) => {
  if (!Array.isArray(text)) return [text || ""];
  const said = `… cut: ${text[0].length.toLocaleString("en")} of ${text[1].toLocaleString("en")} characters shown`;
  return [text[0], el("span", "cut", said)];
};

// Round steps (1, 2, 5 × 10ⁿ ns) that cut `length` into at most `most` pieces.
const niceStep = (length, most) => {
  const rough = Math.max(1, length / most);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
};

const tickLabel = (at, step, end) => {
  if (at === 0) return "0";
  const [scale, unit] = UNITS.find(([size]) => end >= size) || [1, "ns"];
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / scale) - 1e-9)));
  return `${(at / scale).toFixed(digits)} ${unit}`;
};

const copyText = async (text, feedback) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", "offscreen", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    feedback.focus();
  }
  const label = feedback.textContent;
  feedback.textContent = "Copied";
  setTimeout(() => { feedback.textContent = label; }, 1200);
};
