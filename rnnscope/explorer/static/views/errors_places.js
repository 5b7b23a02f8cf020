// @ts-check
// Errors of one slice, each in its text: what was there, what was held likeliest, how surprising it was.

import { get } from "../lib/api.js";
import { field, h, say, select } from "../lib/dom.js";
import { excerpt } from "../lib/excerpt.js";
import { link } from "../lib/link.js";
import { fixed, whole } from "../lib/numbers.js";
import { isAborted, loading, refused } from "../lib/states.js";

const ORDERS = /** @type {[string, string][]} */ ([["random", "drawn at random"], ["text", "in the text's order"], ["surprise", "most surprising first"]]);
/** Surprise that has the full colour. */
const FULL_NATS = 8;

/** What shows a slice's errors. @param {HTMLElement} box @param {import("../app.js").Context} context @param {string} where of /api/errors @param {any} answer */
export function errorPlaces(box, context, where, answer) {
  let turn = new AbortController();
  context.signal.addEventListener("abort", () => turn.abort());

  async function show() {
    turn.abort();
    turn = new AbortController();
    const mine = turn.signal;
    const [oracle, slice, order] = [context.param("oracle"), context.param("slice"), context.param("order", "random")];
    const [seed, page] = [Number(context.param("seed")) || 0, Number(context.param("page")) || 0];
    const title = !oracle ? "All errors" : `${oracle === "none" ? "No oracle" : oracle}${slice && slice !== oracle ? `, ${slice}` : ""}`;
    if (!box.children.length) box.replaceChildren(h("h2", {}, title), loading("Reading the text"));
    box.setAttribute("aria-busy", "true");
    const change = (/** @type {Record<string, any>} */ values) => { context.set(values); show(); };
    try {
      const found = await get(`${where}/places`, { oracle, slice, order, seed, page }, mine);
      box.replaceChildren(h("h2", {}, title), h("p.note", {}, `${whole(found.count)} errors. The framed character is the error; a deeper blue is more surprise, up to ${FULL_NATS} nats.`),
        h("div.row.tools", {}, field("Order", select(ORDERS, order, (value) => change({ order: value, page: null }))),
          order === "random" && h("button.quiet", { type: "button", onclick: () => change({ seed: seed + 1, page: null }) }, "Draw others"),
          found.pages > 1 && pager(found.page, found.pages, (to) => change({ page: to || null }))),
        h("ol.errors-list", {}, found.places.map((/** @type {any} */ each) => place(context, answer, each))));
      say(`${found.count} errors: ${title}`);
    } catch (error) {
      if (!isAborted(error)) box.replaceChildren(h("h2", {}, title), refused(error));
    } finally {
      if (!mine.aborted) box.removeAttribute("aria-busy");
    }
  }
  return { show };
}

/** @param {number} page @param {number} pages @param {(page: number) => void} turned */
const pager = (page, pages, turned) => h("span.pages", { role: "group", "aria-label": "Pages" },
  h("button.quiet", { type: "button", disabled: page === 0, "aria-label": "Page before", onclick: () => turned(page - 1) }, "←"),
  h("span.note", {}, `${whole(page + 1)} of ${whole(pages)}`),
  h("button.quiet", { type: "button", disabled: page >= pages - 1, "aria-label": "Page after", onclick: () => turned(page + 1) }, "→"));

/** @param {import("../app.js").Context} context @param {any} answer @param {any} each */
function place(context, answer, each) {
  const values = each.values.map((/** @type {number} */ nats) => Math.min(1, nats / FULL_NATS));
  const isRun = context.corpus.runs.some((/** @type {any} */ run) => run.name === answer.predictor);
  const at = `${each.row}.${each.step}`;
  return h("li", {}, excerpt(each.text, values, { from: each.at }),
    h("p.what", {}, isRun ? link(context, "text", { run: answer.predictor, at, colour: "surprise", unit: null }, at) : h("span.note", {}, at),
      h("span", {}, each.likeliest === each.character ? "likeliest, yet unsure: " : ["held ", h("b", {}, each.likeliest), " likeliest; it was "],
        h("b", {}, each.character), `, p = ${fixed(each.probability, 3)}, ${fixed(each.nats)} nats`),
      h("span.note", {}, each.would_remove ? `would be removed by ${each.would_remove}` : "no oracle would remove it")));
}
