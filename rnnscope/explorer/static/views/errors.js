// @ts-check
// The view of errors: what would remove them, slice by slice, and those of one slice in their text.

import { get, path } from "../lib/api.js";
import { field, h, select } from "../lib/dom.js";
import { chart, figure } from "../lib/figure.js";
import { percent, whole } from "../lib/numbers.js";
import { isAborted, loading } from "../lib/states.js";
import { table } from "../lib/table.js";
import { errorPlaces } from "./errors_places.js";

/** Of training text, below which nearly every word is rare. */
const FEW_CHARS = 100_000;

/** @param {HTMLElement} main @param {import("../app.js").Context} context */
export async function open(main, context) {
  const losses = context.corpus.losses[context.part] ?? [];
  const predictor = context.param("predictor", losses.includes(context.run?.name) ? context.run.name : losses[0] ?? context.run?.name ?? "");
  if (!main.querySelector(".breakdown")) main.replaceChildren(loading("Taking the errors apart"));
  const where = path("errors", context.corpus.name, predictor, context.part);
  const answer = await get(where, {}, context.signal);
  const list = h("section.reading-errors", { "aria-label": "Errors in their text", tabindex: "-1" });
  const shown = errorPlaces(list, context, where, answer);
  /** @type {{close: () => void} | undefined} */
  let drawn;

  function choose(/** @type {any} */ row) {
    if (row.whose === "published") {
      told.textContent = `${row.model} was published; its errors are not here to be read.`;
      return;
    }
    if (row.model !== answer.predictor) {
      if (losses.includes(row.model)) return void context.go("errors", { ...of(context, row.model), oracle: row.oracle, slice: row.slice });
      told.textContent = `The losses of ${row.model} are not here; 'rnnscope replay ${context.corpus.name}/${row.model}' makes them.`;
      return;
    }
    told.textContent = "";
    pick(row.oracle, row.slice);
  }
  function pick(/** @type {string} */ oracle, /** @type {string} */ slice) {
    context.set({ ...of(context, answer.predictor), oracle, slice, page: null });
    mark();
    shown.show();
    list.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
  const told = h("p.note", { role: "status" });
  const buttons = /** @type {(HTMLElement & Record<string, any>)[]} */ ([]);
  function mark() {
    const [oracle, slice] = [context.param("oracle"), context.param("slice")];
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.oracle === oracle && each.dataset.slice === slice));
  }
  const button = (/** @type {string} */ words, /** @type {string} */ oracle, /** @type {string} */ slice, label = words) => {
    const made = h("button.slice", { type: "button", "aria-label": label, data: { oracle, slice }, onclick: () => pick(oracle, slice) }, words);
    buttons.push(made);
    return made;
  };

  const breakdown = answer.figures.find((/** @type {any} */ each) => each.name === "breakdown");
  const head = [h("h1", {}, "Errors"), h("div.row.tools", {}, field("Predictor", select(predictors(losses, predictor), predictor, (name) => context.go("errors", of(context, name))))),
    h("p.reading", {}, `${answer.predictor} gives ${whole(answer.errors)} of ${whole(answer.chars)} characters less than ${answer.threshold} of its probability: ${percent(answer.error_rate)} are errors. Each stands under the first oracle that would remove it, in the paper's order; press a slice to read its errors.`),
    h("p.note", {}, counted(context.corpus))];
  if (!answer.errors) return void main.replaceChildren(...head);
  const box = h("div.plot", { "aria-busy": "true" });
  const bars = h("figure.chart.breakdown", {}, h("figcaption", {}, h("h2", {}, breakdown.title), h("p", {}, breakdown.how_to_read)), box, told);
  const order = answer.figures.filter((/** @type {any} */ each) => each.name === "order").map(figure);
  main.replaceChildren(...head, bars, h("div.two", {}, h("section.slices", { "aria-label": "Slices" }, h("h2", {}, "Slices"),
    h("div.row.tools", {}, button(`All ${whole(answer.errors)} errors`, "", "")), slices(answer, button)), list),
    h("details.more", { ontoggle: function again() { if (this.open && this.children.length === 1) this.append(...order); } }, h("summary", {}, "What the order of the oracles does")));
  mark();
  draw(box, breakdown, choose).then((result) => { drawn = result; }).catch((error) => {
    if (!isAborted(error)) box.replaceChildren(h("p.notice", { role: "status" }, `This chart could not be drawn (${error}). The slices are in the table below.`));
  });
  await shown.show();
  return { close: () => drawn?.close(), changed: (/** @type {any} */ now) => { if ((now.param("predictor") || predictor) === answer.predictor && now.part === context.part && now.corpus.name === context.corpus.name) { mark(); shown.show(); } else context.go("errors"); } };
}

/** What a rare word is, is a matter of how much text there is to count in. @param {any} corpus */
function counted(corpus) {
  const [rows, chars] = corpus.parts.train ?? [0, 0];
  const few = rows * chars < FEW_CHARS ? " That is little: most words are rare in it, and of any network trained on more the slice is too large." : "";
  return `Rare words are those of which the ${whole(rows * chars)} characters of this corpus's training text have few.${few}`;
}

/** How the address says a predictor: a run as every view does. @param {import("../app.js").Context} context @param {string} name */
const of = (context, name) => (context.corpus.runs.some((/** @type {any} */ run) => run.name === name) ? { run: name, predictor: null } : { predictor: name });

/** @param {string[]} losses @param {string} chosen @returns {string[]} */
const predictors = (losses, chosen) => (losses.includes(chosen) ? losses : [...losses, chosen]);

/** @param {HTMLElement} box @param {any} shown @param {(row: any) => void} choose */
async function draw(box, shown, choose) {
  const rows = shown.rows.map((/** @type {any[]} */ row) => Object.fromEntries(row.map((value, index) => [shown.columns[index], value])));
  const result = await chart(box, shown.spec, rows);
  // the drawing is made anew with the room and the colours, so that the box listens: a bar knows its row
  box.addEventListener("click", (event) => {
    const row = /** @type {any} */ (event.target)?.__data__?.datum;
    if (row?.oracle && row?.slice) choose(row);
  });
  return result;
}

/** @param {any} answer @param {(words: string, oracle: string, slice: string, label?: string) => HTMLElement} button */
function slices(answer, button) {
  return table(`What removes the errors of ${answer.predictor}, in the order given`, [
    { name: "oracle", shown: (/** @type {string} */ name, /** @type {any} */ row) => row.is_first && button(name === "none" ? "no oracle" : name, name, "", name === "none" ? "All that no oracle removes" : `All that ${name} removes`) },
    { name: "slice", shown: (/** @type {string} */ name, /** @type {any} */ row) => button(name, row.oracle, name, `${row.oracle}, ${name}`) },
    { name: "errors" },
    { name: "share", label: "of all", shown: (/** @type {number} */ v) => percent(v) },
    { name: "low", label: "95 % interval", shown: (/** @type {any} */ _, /** @type {any} */ row) => (row.low === null ? "–" : `${percent(row.low)} to ${percent(row.high)}`) },
  ], answer.slices.map((/** @type {any} */ row, /** @type {number} */ at) => ({ ...row, is_first: row.oracle !== answer.slices[at - 1]?.oracle })), { sortable: false });
}
