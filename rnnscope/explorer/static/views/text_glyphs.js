// @ts-check
// A line of text in a grid: one cell per code point, whatever its glyph. Knows no colours.

import { h } from "../lib/dom.js";

const measuring = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
/** @type {Map<string, boolean>} whether a character fills one cell by itself */
let fits = new Map();
let cell = 0;

/** Measures a font, 'NNpx family'; result: a cell's width in pixels. @param {string} font */
export function measure(font) {
  measuring.font = font;
  fits = new Map();
  cell = measuring.measureText("0".repeat(100)).width / 100;
  return cell;
}

/** @param {string} character */
function isPlain(character) {
  let known = fits.get(character);
  if (known === undefined) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 32 || (code >= 127 && code < 160) || code === 0xad;
    // beyond these scripts, letters join their neighbours or run the other way, so each is kept to its own cell
    const isSimple = code < 0x530 || (code >= 0x2010 && code < 0x2028) || (code >= 0x2030 && code < 0x205f);
    known = !isControl && isSimple && !/\p{M}/u.test(character) && Math.abs(measuring.measureText(character).width - cell) < 0.02;
    fits.set(character, known);
  }
  return known;
}

/** @type {Record<string, string>} */
const WHITE = { "\n": "↵", "\r": "←", "\t": "→", " ": "·" };

/** What stands for a character that has no cell of its own. @param {string} character */
function substitute(character) {
  const code = character.codePointAt(0) ?? 0;
  if (code < 32) return String.fromCodePoint(0x2400 + code);
  if (code === 127) return "␡";
  if (/\p{M}/u.test(character)) return "◌" + character;
  return /[\p{C}\p{Z}]/u.test(character) ? "▯" : character;
}

/**
 * Nodes of a line: text, and a span for every character that would not keep to its cell.
 * @param {string} text @param {boolean} isWhiteShown @returns {Node[]}
 */
export function nodes(text, isWhiteShown) {
  /** @type {Node[]} */
  const made = [];
  let plain = "";
  const flush = () => {
    if (plain) made.push(document.createTextNode(plain));
    plain = "";
  };
  for (const character of text) {
    const white = WHITE[character];
    if (white ? character === " " && !isWhiteShown : isPlain(character)) {
      plain += character;
      continue;
    }
    flush();
    if (white) made.push(h("span.cell.white", {}, isWhiteShown ? white : " "));
    else made.push(h("span.cell", {}, substitute(character)));
  }
  flush();
  return made;
}

/** The column of a point inside a line, counted in cells. @param {Node} line @param {Node} node @param {number} offset */
export function columnOf(line, node, offset) {
  if (node === line) return [...line.childNodes].slice(0, offset).reduce((sum, each) => sum + cells(each), 0);
  let child = node;
  while (child.parentNode && child.parentNode !== line) child = child.parentNode;
  let column = child.nodeType === Node.TEXT_NODE ? offset : offset > 0 ? 1 : 0;
  for (let before = child.previousSibling; before; before = before.previousSibling) column += cells(before);
  return column;
}

/** @param {Node} node */
const cells = (node) => (node.nodeType === Node.TEXT_NODE ? (node.textContent ?? "").length : 1);
