// @ts-check
// A link from view to view: a real address, opened within the page on a plain click.

import { h } from "./dom.js";

/**
 * @param {import("../app.js").Context} context @param {string} view
 * @param {Record<string, any>} values of the address @param {...any} children
 */
export const link = (context, view, values, ...children) => h("a", { href: context.href(view, values), onclick: plain(() => context.go(view, values)) }, children);

/** A listener for clicks that mean this page: not those for a new tab or window. @param {() => void} act */
export const plain = (act) => (/** @type {MouseEvent} */ event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  act();
};
