// @ts-check
// Small marks of a unit: where its values lie, how far its score is above its controls, shares and weights.
// Each says in words what it shows.

import { h } from "../lib/dom.js";
import { fixed, percent } from "../lib/numbers.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {Record<string, any>} attributes @param {...Node} children */
function s(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Share of the time in each quarter of [-1, 1]. @param {number[]} counts */
function quarters(counts) {
  const total = counts.reduce((sum, each) => sum + each, 0) || 1;
  const size = counts.length / 4;
  return ["−1 to −0.5", "−0.5 to 0", "0 to 0.5", "0.5 to 1"].map((words, at) =>
    ({ words, share: counts.slice(at * size, (at + 1) * size).reduce((sum, each) => sum + each, 0) / total }));
}

/** Bars of how often a unit's value is where, −1 at the left. @param {number[] | null} counts */
export function histogram(counts, height = 28) {
  if (!counts) return h("span.histogram.waiting", { role: "img", "aria-label": "Not measured yet" });
  const most = Math.max(...counts, 1);
  const label = `Time spent from ${quarters(counts).map(({ words, share }) => `${words}: ${percent(share, 0)}`).join(", ")}`;
  const bars = counts.map((count, at) => {
    const tall = count ? Math.max(0.6, (count / most) * (height - 2)) : 0;
    const side = at < counts.length / 2 ? "negative" : "positive";
    return s("rect", { class: side, x: at * 10 + 0.5, width: 9, y: height - 1 - tall, height: tall });
  });
  const wide = counts.length * 10;
  const svg = s("svg", { class: "histogram", viewBox: `0 0 ${wide} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...bars, s("line", { x1: 0, x2: wide, y1: height - 0.5, y2: height - 0.5 }), s("line", { class: "zero", x1: wide / 2, x2: wide / 2, y1: 0, y2: height }));
  return svg;
}

/** The best of a role's controls, on its own scale. @param {any} role */
export const reach = (role) => Math.max(...[role.control_high, role.untrained, role.last_character].filter((each) => each !== null));

/** 0 at chance, 1 at perfect. @param {any} role @param {number | null} score */
const onScale = (role, score) => score === null ? null : Math.max(0, Math.min(1, role.kind === "flag" ? 2 * score - 1 : score));

/** @param {any} role */
export const measure = (role) => (role.kind === "flag" ? "AUC" : "rank correlation");

/**
 * A score as a dot with its interval, over a bar as far as the best control reaches: chance left, perfect right.
 * @param {any} role with score, low, high and controls
 */
export function gauge(role) {
  const at = (/** @type {number | null} */ value) => 100 * (onScale(role, value) ?? 0);
  const label = `${measure(role)} ${fixed(role.score)}, controls reach ${fixed(reach(role))}`;
  const parts = [
    s("line", { class: "track", x1: 0, x2: 100, y1: 5, y2: 5 }),
    s("rect", { class: "reach", x: 0, width: Math.max(0.5, at(reach(role))), y: 2, height: 6 }),
  ];
  if (role.low !== null && role.high !== null)
    parts.push(s("line", { class: "interval", x1: at(role.low), x2: Math.max(at(role.low) + 1, at(role.high)), y1: 5, y2: 5 }));
  parts.push(s("rect", { class: "dot", x: Math.min(97, Math.max(0, at(role.score) - 1.5)), width: 3, y: 0, height: 10 }));
  return s("svg", { class: `gauge ${role.is_clear ? "clear" : ""}`, viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": label }, ...parts);
}

/** Shares of the time: shut, between, open. @param {number | null} shut @param {number | null} open */
export function shares(shut, open) {
  const parts = [["shut", 0, shut ?? 0], ["open", 1 - (open ?? 0), open ?? 0]].map(([name, x, width]) =>
    s("rect", { class: name, x: 100 * Number(x), width: 100 * Number(width), y: 0, height: 10 }));
  return s("svg", { class: "shares", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": `shut ${percent(shut)}, open ${percent(open)} of steps` }, ...parts);
}

/** A weight on either side of zero. @param {number} value @param {number} most */
export function weight(value, most) {
  const wide = 50 * Math.min(1, Math.abs(value) / (most || 1));
  return s("svg", { class: "weight", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("line", { class: "track", x1: 50, x2: 50, y1: 0, y2: 10 }),
    s("rect", { class: value < 0 ? "negative" : "positive", x: value < 0 ? 50 - wide : 50, width: wide, y: 1, height: 8 }));
}

/** An effect with its interval around zero. @param {any} held @param {number} most size of the axis */
export function effect(held, most) {
  const at = (/** @type {number} */ value) => 50 + 48 * Math.max(-1, Math.min(1, value / (most || 1)));
  const parts = [s("line", { class: "track", x1: 50, x2: 50, y1: 0, y2: 10 })];
  const size = held.median_size_nats;
  if (size !== null) parts.push(s("rect", { class: "reach", x: at(-size), width: Math.max(0.5, at(size) - at(-size)), y: 2, height: 6 }));
  if (held.low !== null && held.high !== null) parts.push(s("line", { class: "interval", x1: at(held.low), x2: at(held.high), y1: 5, y2: 5 }));
  parts.push(s("rect", { class: "dot", x: at(held.change_nats ?? 0) - 1, width: 2, y: 0, height: 10 }));
  return s("svg", { class: "gauge effect clear", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
}
