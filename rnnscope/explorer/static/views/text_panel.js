// @ts-check
// What is known of one place: the character, the unit's values, what was expected next. Knows no sheet.

import { colour } from "../lib/colours.js";
import { h } from "../lib/dom.js";
import { fixed, percent, signed, visible } from "../lib/numbers.js";

/** @param {{text: string, name: string}} symbol */
const shown = (symbol) => h("span.symbol", { title: symbol.name }, visible(symbol.text), symbol.name.length > 1 && h("span.note", {}, ` ${symbol.name}`));

/** One network's part of the panel. @param {any} facts a PlaceShown of /api @param {any} pane @param {any} links */
function ofNetwork(facts, pane, links) {
  const most = Math.max(...facts.likeliest.map((/** @type {any} */ each) => each.probability), 1e-9);
  const values = Object.entries(facts.values);
  return h("section", {},
    h("h3", {}, pane.run ? pane.run.name : "No network"),
    values.length > 0 && h("div", {},
      h("p.heading", {}, `Unit ${pane.layer}.${pane.unit}, after reading this`),
      h("dl.values", {}, values.map(([site, value]) => h("div", { class: site === pane.site ? "now" : false },
        h("dt", {}, site), h("dd", {}, patch(/** @type {number} */ (value)), signed(/** @type {number} */ (value), 3)))))),
    h("p.heading", {}, "Expected next"),
    facts.likeliest.length
      ? h("ol.likeliest", {}, facts.likeliest.map((/** @type {any} */ each) => {
        const bar = h("span.bar");
        bar.style.width = `${(100 * each.probability) / most}%`;
        return h("li", { class: each.is_true ? "true" : false }, shown(each.symbol), h("span.track", { "aria-hidden": "true" }, bar), h("span", {}, percent(each.probability, 1)), each.is_true && h("span.unseen", {}, "the true one"));
      }))
      : h("p.note", {}, pane.making ? "It is being traced: what it expected comes with that." : pane.run ? "Not traced here: only what it lost is known." : "There is no run to ask."),
    h("p", {}, "True next: ", shown(facts.next), facts.rank ? h("span.note", {}, ` rank ${facts.rank}`) : ""),
    h("p", {}, "Surprise: ", facts.nats === null && facts.nats_worked_out === null ? "–" : h("b", {}, `${fixed(facts.nats ?? facts.nats_worked_out, 3)} nats`),
      facts.nats !== null && h("span.note", {}, ` (${fixed(facts.nats / Math.LN2, 2)} bits)`)),
    links && h("p.links", {}, links));
}

/** @param {number} value */
function patch(value) {
  const element = h("span.patch", { "aria-hidden": "true" });
  element.style.background = colour(value);
  return element;
}

/**
 * @param {HTMLElement} element @param {number} row @param {number} step
 * @param {{facts: any, pane: any, links: any}[]} networks @param {boolean} isHovered
 */
export function fillPanel(element, row, step, networks, isHovered) {
  const { facts } = networks[0];
  element.replaceChildren(
    h("h2", {}, shown(facts.read)),
    h("p.note", {}, `Row ${row}, step ${step}`, isHovered ? " · under the pointer" : ""),
    ...networks.map((each) => ofNetwork(each.facts, each.pane, each.links)));
}
