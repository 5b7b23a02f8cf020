// @ts-check
// A short piece of text, each character on the colour of its value: for cards, search results and errors.

import { colour } from "./colours.js";
import { h } from "./dom.js";

/** @type {Record<string, string>} */
const WHITE = { "\n": "↵", "\t": "→", "\r": "" };

/**
 * @param {string} text one code point a character @param {number[] | null} values in [-1, 1], one per character
 * @param {{from?: number, to?: number, label?: string}} [marked] characters that are framed, as of an error or a span
 */
export function excerpt(text, values, { from = -1, to = from + 1, label } = {}) {
  const line = h("span.excerpt", label ? { role: "img", "aria-label": label } : {});
  const characters = Array.from(text);
  const paint = () => {
    const parts = [];
    for (let at = 0; at < characters.length; at++) {
      const shown = WHITE[characters[at]] ?? characters[at];
      const isWhite = characters[at] in WHITE;
      const element = h(isWhite ? "i.white" : "i", {}, shown);
      if (values) element.style.background = colour(values[at]);
      if (at >= from && at < to) element.classList.add("marked");
      parts.push(element);
    }
    line.replaceChildren(...parts);
  };
  paint();
  if (values) document.addEventListener("scheme", function again() {
    if (line.isConnected) paint();
    else document.removeEventListener("scheme", again);
  });
  return line;
}
