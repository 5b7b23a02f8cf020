// @ts-check
// One finding as the report has it: reading, numbers, figures, coloured text, tables, caveats, command.

import { get } from "../lib/api.js";
import { h, select } from "../lib/dom.js";
import { excerpt } from "../lib/excerpt.js";
import { figure } from "../lib/figure.js";
import { cell } from "../lib/numbers.js";
import { commandBox } from "../lib/states.js";
import { table } from "../lib/table.js";
import { curvesPanel } from "./models_curves.js";
import { learningPanel } from "./models_learning.js";
import { inView, isTraced, modelLink, unitLink, wholeNames } from "./models_links.js";

const EXCERPT_CHARS = 2000;

/** @param {string} where under /api @param {import("../app.js").Context} context */
export async function findingPage(where, context) {
  const { finding, numbers, beside, figures } = await get(where, {}, context.signal);
  const panel = finding.analysis === "training_dynamics" ? await learningPanel(context)
    : finding.analysis === "training_curves" ? curvesPanel(finding, context) : null;
  const { claim, rule, verdict } = finding.numbers;
  return [
    h("h1", {}, wholeNames(finding.title)),
    verdict && h("p", {}, h("span.verdict", { data: { verdict } }, String(verdict)), finding.numbers.scale === "small" && h("span.note", {}, " at a small scale: a look, not the verdict")),
    h("p.reading.lead", {}, wholeNames(finding.reading)),
    claim && h("p.rule", {}, h("strong", {}, "Claim. "), String(claim)),
    rule && h("p.rule", {}, h("strong", {}, "Rule. "), String(rule)),
    panel,
    finding.analysis === "samples" && samples(finding.tables.samples ?? []),
    figures.map((/** @type {any} */ each) => figure(each)),
    finding.excerpts.length > 0 && flipbook(finding.excerpts, context),
    finding.caveats.length > 0 && h("aside.caveats", { "aria-label": "What the numbers do not say" },
      h("h2", {}, "What the numbers do not say"), h("ul", {}, finding.caveats.map((/** @type {string} */ each) => h("li", {}, wholeNames(each))))),
    h("section.records", {}, h("h2", {}, "All of this finding"),
      numbers.length > 0 && later("Numbers", () => facts(numbers.filter((/** @type {string[]} */ [name]) => !["claim", "rule"].includes(name))), !figures.length),
      beside.map((/** @type {string} */ name) => later(`Table of ${name.replaceAll("_", " ")}`, () => tableOf(name, finding.tables[name], context), !figures.length && finding.analysis !== "samples")),
      finding.command && later("Command", () => commandBox(finding.command))),
  ].flat(9).filter((each) => each);
}

/** What is laid out once it is opened. @param {string} title @param {() => Node} made */
function later(title, made, isOpen = false) {
  const details = h("details", { open: isOpen, ontoggle: () => details.open && details.children.length === 1 && details.append(made()) }, h("summary", {}, title));
  return details;
}

/** @param {[string, string][]} numbers */
const facts = (numbers) => h("dl.numbers", {}, numbers.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

/** @param {string} name @param {any[]} rows @param {import("../app.js").Context} context */
function tableOf(name, rows, context) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isModel = new Set(["model", "run", "against", "network", "nearest", "also_wrong"]);
  const hasUnits = columns.includes("run") && columns.includes("layer") && columns.includes("unit");
  return table(name.replaceAll("_", " "), columns.map((column) => ({
    name: column,
    shown: isModel.has(column) ? (/** @type {any} */ value) => modelLink(context, value)
      : hasUnits && column === "unit" ? (/** @type {any} */ value, /** @type {any} */ row) => isTraced(context, row.run) ? unitLink(context, row) : cell(value, column)
      : undefined,
  })), rows);
}

/** One unit's text after the other. @param {any[]} excerpts @param {import("../app.js").Context} context */
function flipbook(excerpts, context) {
  let at = 0;
  const place = h("div");
  const chooser = select(excerpts.map((each, index) => [String(index), each.title]), "0", (value) => show(Number(value)), { "aria-label": "Unit" });
  /** @param {number} index */
  function show(index) {
    at = (index + excerpts.length) % excerpts.length;
    chooser.value = String(at);
    const each = excerpts[at];
    const layer = Number(each.site.split(".")[1]) + 1;
    const characters = Array.from(each.text);
    place.replaceChildren(
      h("p.note", {}, each.note, " ", isTraced(context, each.run) && Number.isFinite(layer) && inView(context, "units", { run: each.run, unit: `${layer}.${each.unit}` }, "Its card")),
      h("div.long", { tabindex: "0", role: "region", "aria-label": each.title }, excerpt(characters.slice(0, EXCERPT_CHARS).join(""), each.values)),
      characters.length > EXCERPT_CHARS && h("p.note", {}, `The first ${EXCERPT_CHARS.toLocaleString("en")} of ${characters.length.toLocaleString("en")} characters.`) || "");
  }
  const flip = (/** @type {number} */ by, /** @type {string} */ words, /** @type {string} */ arrow) => h("button", { type: "button", "aria-label": words, onclick: () => show(at + by) }, arrow);
  const element = h("section.flipbook", { "aria-label": "Single units, character by character" },
    h("h2", {}, "Single units, character by character"),
    h("p.note", {}, `Behind each character stands the unit's state once it has read it. ${excerpts.length} units are here; the arrow keys flip through them.`),
    h("div.row", { onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.target === chooser || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      event.preventDefault();
      show(at + (event.key === "ArrowLeft" ? -1 : 1));
    } }, flip(-1, "Unit before", "←"), chooser, flip(1, "Next unit", "→")), place);
  show(0);
  return element;
}

/** What networks wrote. @param {any[]} rows */
const samples = (rows) => h("div.samples", {}, rows.slice(0, 24).map((row) => h("figure", {},
  h("figcaption", {}, h("strong", {}, String(row.run ?? "?")), ` at temperature ${row.temperature ?? "?"}`,
    row.longest_copied_chars !== null && row.longest_copied_chars !== undefined && ` · longest copied stretch ${row.longest_copied_chars} characters`),
  h("pre", { tabindex: "0", "aria-label": "Sample" }, h("span.prime", {}, String(row.prime ?? "")), String(row.text ?? "").slice(0, 1500)))));
