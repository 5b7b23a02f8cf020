// @ts-check
// A text that is typed on top of its own colours, and which symbol of the network's each typed character became.

import { colour } from "../lib/colours.js";
import { h } from "../lib/dom.js";

/**
 * Symbols that the network reads for each typed character: none for one that it does not know, two for a line's
 * end where the text has carriage returns, several bytes beyond ASCII.
 * @param {any} facts of /api/live @param {string[]} characters
 */
function symbolCounts(facts, characters) {
  const known = new Set(facts.symbols);
  const encoder = new TextEncoder();
  return characters.map((character) => {
    if (character === "\n" && facts.has_returns) return 2;
    if (!facts.has_bytes) return known.has(character) ? 1 : 0;
    const bytes = [...encoder.encode(character)];
    return bytes.every((each) => known.has(String.fromCharCode(each))) ? bytes.length : 0;
  });
}

/** As the network is to read it. @param {any} facts @param {string} text */
export const forNetwork = (facts, text) => (facts.has_returns ? text.replaceAll("\n", "\r\n") : text);
/** As people read it. @param {string} text */
export const forPeople = (text) => text.replaceAll("\r\n", "\n").replaceAll("\r", "");

/**
 * @param {any} facts @param {string} text @param {number} most @param {{typed: () => void, moved: () => void}} heard
 */
export function typed(facts, text, most, heard) {
  const back = h("div.under", { "aria-hidden": "true" });
  const area = h("textarea", {
    "aria-label": "Text that the network reads", spellcheck: "false", autocomplete: "off", autocapitalize: "off", maxlength: String(most), rows: "2",
    oninput: () => {
      lay();
      heard.typed();
    },
  });
  area.value = text;
  const element = h("div.typed", {}, back, area);
  /** @type {string[]} */
  let characters = [];
  /** @type {number[]} last symbol of each character, -1 before the first */
  let ends = [];
  /** @type {HTMLElement[]} */
  let cells = [];
  let at = -2;
  const caret = () => document.activeElement === area && moved();
  document.addEventListener("selectionchange", caret);

  /** The characters under what is typed; those that stay keep their colour. */
  function lay() {
    const now = Array.from(area.value);
    const counts = symbolCounts(facts, now);
    let sum = -1;
    ends = counts.map((count) => (sum += count));
    let same = 0;
    while (same < Math.min(now.length, characters.length) && now[same] === characters[same]) same++;
    const fresh = now.slice(same).map((character) => h("i", {}, character));
    for (const gone of cells.splice(same)) gone.remove();
    cells.push(...fresh);
    back.append(...fresh, tail);
    now.forEach((_, index) => cells[index].classList.toggle("is-unknown", counts[index] === 0));
    characters = now;
    moved();
  }
  const tail = document.createTextNode("\u200b");

  function moved() {
    const index = Array.from(area.value.slice(0, area.selectionStart ?? area.value.length)).length - 1;
    if (index === at) return;
    cells[at]?.classList.remove("is-here");
    cells[index]?.classList.add("is-here");
    at = index;
    if (isLaid) heard.moved();
  }
  let isLaid = false;

  lay();
  isLaid = true;
  return {
    element, area,
    get text() { return area.value; },
    /** The symbol before the caret, -1 for none. */
    get symbol() { return at < 0 ? -1 : ends[Math.min(at, ends.length - 1)] ?? -1; },
    /** Colours each character by the value of its last symbol. @param {(symbol: number) => number | null} value in [-1, 1] */
    paint(value) {
      cells.forEach((cell, index) => {
        const of = ends[index] === (ends[index - 1] ?? -1) ? null : value(ends[index]);
        cell.style.background = of === null ? "" : colour(of);
      });
    },
    close: () => document.removeEventListener("selectionchange", caret),
  };
}
