// @ts-check
// The card of one unit: all that is known of it, each claim beside its control, and links to where it is at work.

import { h } from "../lib/dom.js";
import { excerpt } from "../lib/excerpt.js";
import { link, plain } from "../lib/link.js";
import { fixed, percent, signed, whole } from "../lib/numbers.js";
import { commandBox } from "../lib/states.js";
import { table } from "../lib/table.js";
import { chars } from "./units_gallery.js";
import { effect, gauge, histogram, measure, shares, weight } from "./units_marks.js";

/** @typedef {import("../app.js").Context} Context */

/** @param {any} card of /api/units @param {Context} context @param {(unit: string) => void} show opens another card */
export function cardView(card, context, show) {
  const name = `${card.layer}.${card.unit}`;
  return h("article.unit-card", { data: { unit: name } },
    h("header", {}, h("h2", {}, card.heading), links(card, name, context)),
    h("div.parts", {},
      role(card), values(card), gates(card, name, context), output(card), alike(card, context, show), held(card)),
    excerpts(card, name, context),
    h("details", {}, h("summary", {}, "What this does not say"), h("ul.caveats", {}, card.caveats.map((/** @type {string} */ each) => h("li", {}, each)))));
}

/** @param {any} card @param {string} name @param {Context} context */
function links(card, name, context) {
  const first = card.excerpts[0];
  const at = first ? `${first.row}.${first.step}` : null;
  return h("nav.row.links", { "aria-label": "This unit elsewhere" },
    link(context, "text", { unit: name, at, site: null }, "In the text"),
    link(context, "live", { unit: name }, "Clamp it live"),
    link(context, "search", { unit: name }, "Search"),
    link(context, "teach", { unit: name, at }, "Step through it"));
}

/** @param {string} title @param {...any} children */
const part = (title, ...children) => h("section.part", {}, h("h3", {}, title), children);
const waiting = () => h("p.note", {}, "Being measured …");

/** @param {any} card */
function role(card) {
  const { role: it } = card;
  if (!it) return part("Role", card.are_roles_known ? h("p.note", {}, "The text has nothing that units could be tried against.")
    : [h("p.note", {}, "Not looked for yet:"), commandBox(card.roles_command)]);
  const rows = [["this unit", it.score], ["shifted labels, at most", it.control_high], ["best unit before training", it.untrained], ["last character alone", it.last_character]];
  const verdict = it.is_clear ? "clear of its controls" : "not clear of its controls";
  const interval = it.low === null ? "" : `95 % ${fixed(it.low, 3)} to ${fixed(it.high, 3)}`;
  return part("Role", h("p", {}, h("b", {}, it.title), ` `, h(it.is_clear ? "span.verdict.clear" : "span.verdict", {}, verdict)),
    gauge(it),
    h("table.plain", {}, h("caption.unseen", {}, `${measure(it)} of the unit and of its controls`), h("tbody", {}, rows.map(([words, value], at) =>
      h("tr", { class: at ? false : "own" }, h("th", { scope: "row" }, words), h("td.n", {}, value === null ? "none" : fixed(/** @type {number} */ (value), 3)), h("td", {}, at ? "" : interval))))),
    h("p.note", {}, `${measure(it)} on ${card.roles_part} text not used to choose the unit; it goes ${it.direction === "off" ? "down" : "up"} with it. q ${it.q === null ? "–" : it.q.toPrecision(2)}, ${fixed(it.bits, 3)} bits.`));
}

/** @param {any} card */
function values(card) {
  const state = card.state === "tanh_c" ? "tanh(c)" : "h";
  if (!card.values) return part("Values", waiting());
  const { counts, mean, deviation, saturated_share, median_saturated_share } = card.values;
  const total = counts.reduce((/** @type {number} */ sum, /** @type {number} */ each) => sum + each, 0);
  const rows = counts.map((/** @type {number} */ count, /** @type {number} */ at) => ({ from: -1 + (2 * at) / counts.length, to: -1 + (2 * (at + 1)) / counts.length, steps: count, time: count / total }));
  const details = h("details", { ontoggle: () => details.open && details.children.length === 1 && details.append(table(`Time that ${state} spends where`, [
    { name: "from", shown: (value) => signed(value, 1) }, { name: "to", shown: (value) => signed(value, 1) }, { name: "steps" }, { name: "time", shown: (value) => percent(value) }], rows)) }, h("summary", {}, "Data"));
  return part(`Values of ${state}`,
    h("div.distribution", {}, histogram(counts, 72), h("div.axis", { "aria-hidden": "true" }, h("span", {}, "−1"), h("span", {}, "0"), h("span", {}, "+1"))),
    h("p", {}, `mean ${signed(mean)}, standard deviation ${fixed(deviation)}; beyond ±0.9 ${percent(saturated_share)} of the time`, h("span.beside", {}, `, the median unit ${percent(median_saturated_share)}`)), details, memory(card));
}

/** @param {any} card @param {string} name @param {Context} context */
function gates(card, name, context) {
  if (card.gates_from === "none") return part("Gates", h("p.note", {}, "This cell has no gates."));
  if (!card.gates.length) return part("Gates", waiting());
  return part("Gates", h("table.plain.gates", {}, h("caption.unseen", {}, "Share of steps that each gate is shut and open, and the layer's median"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span.unseen", {}, "gate")), h("th", { scope: "col" }, h("span.unseen", {}, "shut to open")), h("th.n", { scope: "col" }, "shut"), h("th.n", { scope: "col" }, "open"))),
    h("tbody", {}, card.gates.map((/** @type {any} */ gate) => h("tr", {}, h("th", { scope: "row" }, link(context, "text", { unit: name, site: gate.site, at: null }, gate.gate), gate.never_moves && h("span.verdict", {}, "never moves")),
      h("td.wide", {}, shares(gate.shut, gate.open)),
      h("td.n", {}, percent(gate.shut, 0), h("span.beside", { title: "median of the layer" }, ` ${percent(gate.median_shut, 0)}`)), h("td.n", {}, percent(gate.open, 0), h("span.beside", { title: "median of the layer" }, ` ${percent(gate.median_open, 0)}`)))))),
    h("p.note", {}, `Below 0.1 and above 0.9, share of ${whole(card.gates_steps)} steps; pale: the layer's median.`));
}

/** How long it keeps what it holds. @param {any} card */
function memory(card) {
  const { kept_chars, value_chars, median_kept_chars, median_value_chars } = card.values;
  const row = (/** @type {string} */ words, /** @type {number | null} */ value, /** @type {number | null} */ median) =>
    h("tr", {}, h("th", { scope: "row" }, words), h("td.n", {}, value === null ? "–" : chars(value)), h("td.n.beside", {}, median === null ? "–" : chars(median)));
  return [h("h3", {}, "Memory, characters"), h("table.plain", {}, h("thead", {}, h("tr", {}, h("td"), h("th.n", { scope: "col" }, "this unit"), h("th.n", { scope: "col" }, "median unit"))), h("tbody", {},
    row("its gate leaves 1/e after", kept_chars, median_kept_chars), row("its values resemble themselves for", value_chars, median_value_chars))),
  h("p.note", {}, value_chars === null ? "It never changes." : "Until their autocorrelation is under 1/e; slow text makes a slow unit too.", kept_chars === null && " No gate keeps its state.")];
}

/** @param {any} card */
function output(card) {
  if (!card.reaches_output) return part("Output", h("p.note", {}, "None of its own: only the top layer reaches the output."));
  if (!card.values) return part("Output", waiting());
  const both = [...card.raised, ...card.lowered];
  const most = Math.max(...both.map((/** @type {any} */ each) => Math.abs(each.logits)));
  const rows = (/** @type {any[]} */ symbols) => symbols.map((each) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, each.symbol)), h("td.wide", {}, weight(each.logits, most)), h("td.n", {}, signed(each.logits))));
  return part("What it promotes", h("table.plain.symbols", {}, h("caption.unseen", {}, "Symbols and what one standard deviation of the unit adds to their logits"), h("tbody", {}, rows(card.raised), rows(card.lowered))),
    h("p.note", {}, "Logits that one standard deviation up adds by itself, less their mean over all symbols."));
}

/** @param {any} card @param {Context} context @param {(unit: string) => void} show */
function alike(card, context, show) {
  if (!card.values) return part("Most alike", waiting());
  if (!card.neighbours.length) return part("Most alike", h("p.note", {}, "It is the only unit."));
  return part("Most alike", h("ul.alike", {}, card.neighbours.map((/** @type {any} */ each) => {
    const name = `${each.layer}.${each.unit}`;
    return h("li", {}, h("a", { href: context.href("units", { unit: name }), onclick: plain(() => show(name)) }, name), h("span.n", {}, signed(each.correlation)), h("span.beside", {}, each.is_clear ? each.title : each.title ? "no clear role" : ""));
  })), h("p.note", {}, "Correlation of values at the same characters: alike here is not the same cause."));
}

/** @param {any} card */
function held(card) {
  const { held: it } = card;
  if (!it) return part("Held at its mean", card.is_ablation_known ? waiting() : [h("p.note", {}, "Not measured yet:"), commandBox(card.ablation_command)]);
  const most = Math.max(...[it.change_nats, it.low, it.high, it.median_size_nats].map((each) => Math.abs(each ?? 0)));
  const interval = it.low === null ? "" : ` (95 % ${signed(it.low, 4)} to ${signed(it.high, 4)})`;
  const where = it.track && it.inside_nats !== null && it.outside_nats !== null
    ? h("p", {}, `${it.track} ${signed(it.inside_nats, 4)}, elsewhere ${signed(it.outside_nats, 4)} `, h(it.is_specific ? "span.verdict.clear" : "span.verdict", {}, it.is_specific ? "a clear difference" : "no clear difference")) : null;
  return part("Held at its mean", effect(it, most), h("p", {}, h("b", {}, signed(it.change_nats, 4)), ` nats a character${interval}`, h("span.beside", {}, `; the median unit ±${fixed(it.median_size_nats, 4)}; rank ${it.rank} by size`)), where);
}

/** @param {any} card @param {string} name @param {Context} context */
function excerpts(card, name, context) {
  /** @type {Map<string, any[]>} */
  const kinds = new Map();
  for (const each of card.excerpts) kinds.set(each.kind, [...(kinds.get(each.kind) ?? []), each]);
  const titles = /** @type {Record<string, string>} */ ({ highest: "Where it is highest", lowest: "Where it is lowest", "changes most": "Where it changes most" });
  return h("section.excerpts", {}, h("h3", {}, "In the text"), card.excerpts.length ? h("div.kinds", {}, [...kinds].map(([kind, list]) => h("div", {}, h("h4", {}, titles[kind] ?? kind), h("ul", {}, list.map((each) => {
    const where = { unit: name, at: `${each.row}.${each.step}`, site: null };
    return h("li", {}, h("a.place", { href: context.href("text", where), onclick: plain(() => context.go("text", where)), "aria-label": `Open in the text: ${each.note}` },
      excerpt(each.text, each.values, { from: each.step - each.first_step }), h("span.note", {}, each.note)));
  }))))) : h("p.note", {}, "It has the same value everywhere."),
  h("p.note", {}, "Drawn from the thousandth of the text that is most extreme; what it does elsewhere, its values show."));
}
