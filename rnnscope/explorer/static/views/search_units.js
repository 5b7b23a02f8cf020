// @ts-check
// Units that a search found, as tables that lead to them. Knows no search.

import { h } from "../lib/dom.js";
import { link } from "../lib/link.js";
import { fixed, percent, signed } from "../lib/numbers.js";
import { table } from "../lib/table.js";

const SHOWN_FIRST = 12;
const MOST_CHOSEN = 20;

/** @param {any} row */
const named = (row) => ({ ...row, name: `${row.layer}.${row.unit}` });
/** @param {import("../app.js").Context} context @param {string} [at] */
const unitColumn = (context, at) => ({
  name: "name", label: "unit",
  shown: (/** @type {string} */ name) => h("span.unit", {}, link(context, "units", { unit: name }, name), link(context, "text", { unit: name, at }, "text")),
});

/** A table that begins short. @param {string} caption @param {any[]} columns @param {any[]} rows */
function growing(caption, columns, rows) {
  const box = h("div.growing");
  const show = (/** @type {number} */ most) => box.replaceChildren(...[table(caption, columns, rows, { most }),
    rows.length > most && h("button.quiet", { type: "button", onclick: () => show(rows.length) }, `All ${rows.length} units`)].filter((each) => each instanceof Node));
  show(SHOWN_FIRST);
  return box;
}

/** @param {import("../app.js").Context} context @param {any} answer of /api/search/spans @param {Set<string>} chosen @param {() => void} changed */
export function spanTable(context, answer, chosen, changed) {
  const at = /^(\d+\.\d+)-/.exec(context.param("spans"))?.[1];
  const choice = (/** @type {any} */ _, /** @type {any} */ row) => {
    const box = h("input", { type: "checkbox", "aria-label": `Look for unit ${row.name} elsewhere`, onchange: () => {
      if (box.checked && chosen.size >= MOST_CHOSEN) return void (box.checked = false);
      if (box.checked) chosen.add(row.name); else chosen.delete(row.name);
      changed();
    } });
    box.checked = chosen.has(row.name);
    return box;
  };
  return growing("Units, best first; those ticked are looked for elsewhere", [
    { name: "chosen", label: "also at", shown: choice }, unitColumn(context, at),
    { name: "direction", label: "is" },
    { name: "gap", shown: (/** @type {number} */ v, /** @type {any} */ row) => h(row.fits ? "strong" : "span", {}, signed(v, 3)) },
    { name: "chance_gap", label: "95 % of places", shown: (/** @type {number} */ v) => signed(v, 3) },
    { name: "p", shown: (/** @type {number} */ v) => fixed(v, 3) },
    { name: "share_of_text", label: "of the text", shown: (/** @type {number} */ v) => percent(v) },
  ], answer.units.map(named));
}

/** @param {import("../app.js").Context} context @param {any} answer of /api/search/hypothesis */
export function hypothesisTable(context, answer) {
  const number = (/** @type {number} */ v) => fixed(v, 3);
  const flag = answer.kind === "flag";
  return growing(`Units, closest first; ${flag ? "AUC, 0.5 is chance" : "rank correlation, 0 is chance"}`, [
    unitColumn(context),
    { name: "score", label: flag ? "AUC" : "rho", shown: (/** @type {number} */ v, /** @type {any} */ row) => h(row.is_clear ? "strong" : "span", {}, number(v)) },
    { name: "low", label: "95 % interval", shown: (/** @type {any} */ _, /** @type {any} */ row) => (row.low === null ? "–" : `${number(row.low)} to ${number(row.high)}`) },
    { name: "direction", label: "is" },
    { name: "control_high", label: "shifted, at most", shown: number },
    { name: "untrained", shown: number },
    { name: "last_character", label: "last character", shown: number },
    { name: "bits", shown: number },
    { name: "q", shown: (/** @type {number} */ v) => (v < 0.001 ? v.toExponential(0).replace("-", "−") : fixed(v, 3)) },
    { name: "is_clear", label: "clear", shown: (/** @type {boolean} */ v) => (v ? "yes" : "no") },
  ], answer.units.map(named));
}
