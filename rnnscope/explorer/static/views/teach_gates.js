// @ts-check
// Equations of a unit with their numbers, and its last steps as small curves. Knows no address.

import { colour } from "../lib/colours.js";
import { h } from "../lib/dom.js";
import { fixed, signed } from "../lib/numbers.js";

/** @type {Record<string, Record<string, [string, string]>>} cell -> gate -> name and what it does */
const GATES = {
  lstm: {
    f: ["Forget gate", "how much of the old cell state is kept"],
    i: ["Input gate", "how much of the candidate is written"],
    g: ["Candidate", "what would be written"],
    o: ["Output gate", "how much of the cell state is shown"],
  },
  gru: {
    r: ["Reset gate", "how much of the old state the candidate sees"],
    z: ["Update gate", "how much of the old state is kept"],
    n: ["Candidate", "what would be written"],
  },
  "gru-2015": {
    r: ["Reset gate", "how much of the old state the candidate sees"],
    z: ["Update gate", "how much of the old state is overwritten"],
    n: ["Candidate", "what would be written"],
  },
  rnn: { h: ["New output", "all there is"] },
};
const SIGN = { sigmoid: "σ", tanh: "tanh" };

/** A quantity: its name over its value, on the value's colour. @param {string} name @param {number} value @param {number} [full] what has the full colour */
function quantity(name, value, full = 1) {
  const number = h("b", {}, signed(value, 3));
  const paint = () => { number.style.background = colour(value / full); };
  paint();
  document.addEventListener("scheme", function again() {
    if (number.isConnected) paint();
    else document.removeEventListener("scheme", again);
  });
  return h("span.q", {}, h("i", {}, name), number);
}
/** @param {string} text */
const op = (text) => h("span.op", {}, text);

/** One gate: what goes in, in parts, and what comes out. @param {any} gate @param {string} cell @param {(unit: string) => Node} link */
export function gateCard(gate, cell, link) {
  const [title, meaning] = GATES[cell][gate.name];
  const scaled = cell === "gru" && gate.name === "n";
  const recurrent = cell === "gru-2015" && gate.name === "n" ? "U (r h′)" : "U h′";
  const parts = scaled
    ? [quantity("W x", gate.input, 4), op("+"), quantity("r", gate.factor), op("· ("), quantity(recurrent, gate.recurrent, 4), op("+"), quantity("b′", gate.inner_bias, 4), op(") +"), quantity("b", gate.bias, 4)]
    : [quantity("W x", gate.input, 4), op("+"), quantity(recurrent, gate.recurrent, 4), op("+"), quantity("b", gate.bias, 4)];
  return h("section.gate", { "aria-label": title },
    h("div.title", {}, h("h2", {}, h("var", {}, gate.name), ` ${title}`), h("p", {}, meaning)),
    h("div.equation", {}, op(`${/** @type {any} */ (SIGN)[gate.squash]} (`), ...parts, op(")")),
    h("div.equation.result", {}, op(`= ${/** @type {any} */ (SIGN)[gate.squash]} (`), quantity("sum", gate.pre, 4), op(") ="), quantity(gate.name, gate.value)),
    h("details", {}, h("summary", {}, "What the sums are made of"),
      terms(`${recurrent}: the five strongest of the layer's own units`, gate.recurrents, gate.recurrent, link),
      gate.inputs.length > 0 && terms("W x: the five strongest of the layer below", gate.inputs, gate.input, link)));
}

/** @param {string} caption @param {any[]} rows @param {number} total @param {(unit: string) => Node} link */
function terms(caption, rows, total, link) {
  const rest = total - rows.reduce((sum, each) => sum + each.product, 0);
  return h("table.terms", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ["Unit", "weight", "value", "product"].map((each, at) => h(at ? "th.n" : "th", { scope: "col" }, each)))),
    h("tbody", {}, rows.map((each) => h("tr", {}, h("td", {}, link(each.unit)), h("td.n", {}, signed(each.weight, 3)), h("td.n", {}, signed(each.value, 3)), h("td.n", {}, signed(each.product, 3)))),
      h("tr", {}, h("td", {}, "all others"), h("td"), h("td"), h("td.n", {}, signed(rest, 3)))));
}

/** The new state. @param {any} shown */
export function stateCard(shown) {
  const { cell, before, after } = shown;
  const value = Object.fromEntries(shown.gates.map((/** @type {any} */ each) => [each.name, each.value]));
  const lines = [];
  if (cell === "lstm") {
    lines.push([["c", after.c, 2], "= f · c′ + i · g =", ["f", value.f], "·", ["c′", before.c, 2], "+", ["i", value.i], "·", ["g", value.g]]);
    lines.push([["h", after.h], "= o · tanh c =", ["o", value.o], "·", ["tanh c", after.tanh_c]]);
  } else if (cell === "gru") lines.push([["h", after.h], "= (1 − z) · n + z · h′ =", ["1 − z", 1 - value.z], "·", ["n", value.n], "+", ["z", value.z], "·", ["h′", before.h]]);
  else if (cell === "gru-2015") lines.push([["h", after.h], "= (1 − z) · h′ + z · n =", ["1 − z", 1 - value.z], "·", ["h′", before.h], "+", ["z", value.z], "·", ["n", value.n]]);
  else lines.push([["h", after.h], "= tanh of the sum"]);
  return h("section.state-card", {}, h("h2", {}, cell === "lstm" ? "What it keeps and what it shows" : "Its new state"),
    lines.map((line) => h("div.equation.large", {}, line.map((each) =>
      Array.isArray(each) ? quantity(/** @type {string} */ (each[0]), /** @type {number} */ (each[1]), /** @type {number} */ (each[2] ?? 1)) : op(/** @type {string} */ (each))))));
}

/** @param {any} shown */
export function logitsCard(shown) {
  if (!shown.logits.length) return h("section", {}, h("h2", {}, "What it adds to the prediction"), h("p.note", {}, "This layer speaks to the layer above; units of the top layer alone reach the prediction."));
  return h("section", {}, h("h2", {}, "What it adds to the prediction"),
    h("p.note", {}, "h times its weight goes to each symbol's logit. The symbols that it reaches most:"),
    h("table.terms", {}, h("thead", {}, h("tr", {}, ["Symbol", "weight", "h · weight"].map((each, at) => h(at ? "th.n" : "th", { scope: "col" }, each)))),
      h("tbody", {}, shown.logits.map((/** @type {any} */ each) => h("tr", {}, h("td", {}, h("code", {}, each.symbol)), h("td.n", {}, signed(each.weight, 3)), h("td.n", {}, signed(each.product, 3)))))));
}

const SVG = "http://www.w3.org/2000/svg";
/** @param {string} name @param {Record<string, any>} attributes */
function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Its last steps, site by site. @param {any} shown */
export function past(shown) {
  const order = ["c", "h", "f", "i", "g", "o", "r", "z", "n"].filter((each) => each in shown.past);
  return h("section.past", {}, h("h2", {}, `The last ${shown.past.h.length} steps`),
    h("div.sparks", {}, order.map((site) => spark(site, shown.past[site]))));
}

/** @param {string} site @param {number[]} values */
function spark(site, values) {
  const isGate = "fiorz".includes(site);
  const most = site === "c" ? Math.max(1, ...values.map(Math.abs)) : 1;
  const [low, high] = isGate ? [0, 1] : [-most, most];
  const x = (/** @type {number} */ at) => 3 + 234 * (60 - values.length + at) / 59;
  const y = (/** @type {number} */ value) => 4 + 48 * (high - value) / (high - low);
  const zero = svg("line", { x1: 3, x2: 237, y1: y(0), y2: y(0), class: "zero" });
  const line = svg("polyline", { points: values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" "), class: "line" });
  const now = values[values.length - 1];
  const dot = svg("circle", { cx: x(values.length - 1), cy: y(now), r: 3, class: "dot" });
  const label = `${site} over the last ${values.length} steps, from ${fixed(Math.min(...values))} to ${fixed(Math.max(...values))}, now ${fixed(now)}`;
  return h("div.spark", {}, h("p", {}, h("var", {}, site), ` ${signed(now)}`, h("span.note", {}, ` ${fixed(low, 0)} to ${fixed(high, site === "c" && most > 1 ? 1 : 0)}`)),
    svg("svg", { viewBox: "0 0 240 56", role: "img", "aria-label": label }, zero, line, dot));
}
