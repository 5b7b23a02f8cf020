// @ts-check
// Links from a finding to the other views: a network's name leads to its text, a unit's to its card.

import { h } from "../lib/dom.js";

/**
 * A link within the page.
 * @param {import("../app.js").Context} context @param {string} view @param {Record<string, any>} values @param {any} words
 */
export function inView(context, view, values, words) {
  return h("a", {
    href: context.href(view, values),
    onclick: (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      context.go(view, values);
    },
  }, words);
}

/** Whether a network of this name can be looked into. @param {import("../app.js").Context} context @param {string} name */
export const isTraced = (context, name) =>
  context.corpus.runs.some((/** @type {any} */ run) => run.name === name && Object.keys(run.traces).length > 0);

/** A model's name, which leads to its text where it was traced. @param {import("../app.js").Context} context @param {any} name */
export const modelLink = (context, name) =>
  isTraced(context, name) ? inView(context, "text", { run: name, unit: null, at: null }, String(name)) : String(name ?? "–");

/** Layer (from 1) and unit (from 0) of a network, which lead to its card. @param {import("../app.js").Context} context @param {any} row */
export function unitLink(context, row) {
  const address = `${row.layer}.${row.unit}`;
  return isTraced(context, row.run) ? inView(context, "units", { run: row.run, unit: address }, address) : address;
}

/** A sentence whose names, 'lstm-1x128' say, are not broken at their hyphens. @param {string} sentence */
export const wholeNames = (sentence) =>
  String(sentence).split(/(\b[\w.=]{1,20}(?:-[\w.=]{1,20}){1,6}\b)/u).map((each, index) => (index % 2 && each.length <= 32 ? h("span.whole", {}, each) : each));
