// @ts-check
// Where else units are on together: runs of characters in their text, page by page.

import { post } from "../lib/api.js";
import { field, h, select } from "../lib/dom.js";
import { excerpt } from "../lib/excerpt.js";
import { link } from "../lib/link.js";
import { percent, whole } from "../lib/numbers.js";
import { isAborted, loading, refused } from "../lib/states.js";

/** What shows the places of units into a box. @param {HTMLElement} box @param {import("../app.js").Context} context @param {any} body of /api/search/spans */
export function places(box, context, body) {
  let turn = new AbortController();
  let coloured = "";
  context.signal.addEventListener("abort", () => turn.abort());

  return async function show(/** @type {string[]} */ units, /** @type {number} */ page) {
    turn.abort();
    turn = new AbortController();
    const mine = turn.signal;
    const head = h("h2", {}, "Other places where they are on");
    if (!units.length) return void box.replaceChildren(head, h("p.note", {}, "Tick one or more units above."));
    if (!units.includes(coloured)) coloured = units[0];
    if (!box.children.length) box.replaceChildren(head, loading("Looking through the text"));
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await post("/api/search/places", { ...body, units, coloured, page }, mine);
      const turned = (/** @type {number} */ to) => { context.set({ page: to || null }); show(units, to); };
      box.replaceChildren(head, h("p.reading", {}, summary(answer, units)),
        answer.count > 0 && h("div.row.tools", {},
          units.length > 1 && field("Coloured by", select(units, coloured, (name) => { coloured = name; show(units, page); })),
          h("span.note", {}, "Those nearest to the spans' length first."), pager(answer.page, answer.pages, turned)),
        h("ol.places", {}, answer.places.map((/** @type {any} */ each) => place(context, each, coloured))));
    } catch (error) {
      if (!isAborted(error)) box.replaceChildren(head, refused(error));
    } finally {
      if (!mine.aborted) box.removeAttribute("aria-busy");
    }
  };
}

/** @param {any} answer @param {string[]} units */
function summary(answer, units) {
  const when = answer.units.map((/** @type {any} */ u) => `${u.layer}.${u.unit} ${u.direction === "on" ? ">" : "<"} ${u.level.toFixed(2).replace("-", "−")}`).join(", ");
  if (!answer.count) return `Nowhere else is any of these units on (${when}).`;
  const who = units.length === 1 ? "The unit is on" : answer.needed === units.length ? `All ${units.length} units are on together` : `Never all ${units.length}; ${answer.needed} of them are on together`;
  return `${who} at ${whole(answer.count)} other places, ${percent(answer.share_of_text)} of the text. On is half-way between the spans and what is around them: ${when}.`;
}

/** @param {number} page @param {number} pages @param {(page: number) => void} turn */
export function pager(page, pages, turn) {
  if (pages < 2) return null;
  return h("span.pages", { role: "group", "aria-label": "Pages" },
    h("button.quiet", { type: "button", disabled: page === 0, "aria-label": "Page before", onclick: () => turn(page - 1) }, "←"),
    h("span.note", {}, `${whole(page + 1)} of ${whole(pages)}`),
    h("button.quiet", { type: "button", disabled: page >= pages - 1, "aria-label": "Page after", onclick: () => turn(page + 1) }, "→"));
}

/** @param {import("../app.js").Context} context @param {any} each @param {string} unit */
function place(context, each, unit) {
  return h("li", {}, link(context, "text", { unit, at: `${each.row}.${each.start}` }, `${each.row}.${each.start}`),
    excerpt(each.text, each.values, { from: each.start - each.first, to: each.stop - each.first }),
    h("span.note.chars", {}, `${whole(each.stop - each.start)} ch`));
}
