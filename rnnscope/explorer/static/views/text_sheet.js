// @ts-check
// The sheet: a scroll container that holds only the lines near what is seen, over a canvas of one pixel per
// character that is stretched to the grid. New colours are new pixels: no element changes. Knows no server.

import { ramp } from "../lib/colours.js";
import { h } from "../lib/dom.js";
import { columnOf, measure, nodes } from "./text_glyphs.js";

const OVER = 24;
const REST_MS = 200;
/** A jump waits so long for what it goes to, rather than show blank lines first. */
const WAIT_MS = 250;
/** Browsers lay out no element much taller. */
const TALLEST = 16_000_000;
const GUTTER = 9;

/**
 * @typedef {object} Coloured what a pane is coloured by
 * @property {import("./text_store.js").Source | null} source @property {number} unit its column in a tile
 */

/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, each) => from + each);

/** Colours as the canvas wants them, by tile value + 128; no value is clear. */
function pixels() {
  const found = new Uint32Array(256);
  ramp().forEach((words, index) => {
    const [r, g, b] = (words.match(/\d+/g) ?? []).map(Number);
    found[index + 1] = (255 << 24) | (b << 16) | (g << 8) | r;
  });
  return found;
}

/**
 * @param {ReturnType<import("./text_store.js").textStore>} store
 * @param {{panes: number, size: number, columns: number, white: boolean, labels: string[], room: number}} settings
 */
export function sheet(store, { panes: count, size, columns: asked, white, labels, room }) {
  const family = getComputedStyle(document.documentElement).getPropertyValue("--mono");
  const cell = measure(`${size}px ${family}`);
  const height = Math.round(size * 1.55);
  const gutter = room > 640 ? Math.round(GUTTER * cell) : 0;
  const space = 1.5 * cell;
  const columns = asked || Math.max(16, Math.min(100, Math.floor((room - gutter - 20 - space * (count - 1)) / count / cell) - 1));
  const width = (columns + 1) * cell;

  const panes = Array.from({ length: count }, (_, index) => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.createElement("canvas"));
    canvas.setAttribute("aria-hidden", "true");
    const lines = h("div.lines");
    const marks = [h("div.spot.hovered", { hidden: true }), h("div.spot.chosen", { hidden: true })];
    const element = h("div.pane", { role: "group", "aria-label": labels[index] }, canvas, lines, marks);
    element.style.left = `${gutter + index * (width + space)}px`;
    element.style.width = `${width}px`;
    return { element, canvas, lines, marks, held: new Map(), coloured: /** @type {Coloured} */ ({ source: null, unit: 0 }) };
  });
  const numbers = h("div.numbers", { "aria-hidden": "true" });
  const spacer = h("div.spacer", {}, gutter > 0 && numbers, panes.map((each) => each.element));
  const element = h("div.sheet", { tabindex: "0", role: "region", "aria-label": "Text" }, spacer);
  element.style.font = `${size}px/${height}px ${family}`;
  element.style.setProperty("--cell", `${cell}px`);

  /** @type {import("./text_store.js").Layout} */
  let layout = { starts: new Uint32Array(0), rows: 0, rowChars: 1, chars: 0 };
  /** @type {number[]} lines that are seen, as of the last drawing */
  let now = [0, 0];
  let near = OVER;
  let first = 0, stop = -1, palette = pixels(), isDue = false, total = 0, tall = 0;

  const lineOf = (/** @type {number} */ place) => {
    let [low, high] = [0, total];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (layout.starts[middle] <= place) low = middle;
      else high = middle;
    }
    return low;
  };
  const end = (/** @type {number} */ line) => (line + 1 < total ? layout.starts[line + 1] : layout.chars);
  const full = () => Math.max(1, total * height - element.clientHeight);
  /** Pixels from the document's top; the same as scrollTop but for a document taller than a browser's elements. */
  const scrolled = () => (tall === total * height ? element.scrollTop : (element.scrollTop / Math.max(1, tall - element.clientHeight)) * full());
  const seen = () => [Math.floor(scrolled() / height), Math.ceil((scrolled() + element.clientHeight) / height)];

  /** Lines near what is seen, and their colours. What is read of the layout is read first: after a change it costs a layout. */
  function draw() {
    isDue = false;
    now = seen();
    const [top, bottom] = now;
    const shiftOf = tall === total * height ? 0 : scrolled() - element.scrollTop;
    if (bottom < first || top > stop) {
      // far from what is held: what is seen comes first, what is near it once that is painted
      near = 2;
      setTimeout(() => {
        near = OVER;
        due();
      }, REST_MS);
    }
    const isHeld = top >= first && Math.min(bottom, total) <= stop && (top - first > 4 || first === 0) && (stop - bottom > 4 || stop === total);
    if (!isHeld) {
      first = Math.max(0, top - near);
      stop = Math.min(total, bottom + near);
    }
    const shift = first * height - shiftOf;
    for (const pane of panes) fill(pane, shift);
    if (gutter) fillNumbers(shift);
    paint();
    placeMarks();
  }

  /** @param {typeof panes[0]} pane @param {number} shift */
  function fill(pane, shift) {
    pane.element.style.transform = `translateY(${shift}px)`;
    /** @type {HTMLElement[]} */
    const spare = [];
    for (const [line, row] of pane.held) if (line < first || line >= stop) { spare.push(row); pane.held.delete(line); }
    for (let line = first; line < stop; line++) {
      let row = pane.held.get(line);
      if (!row) {
        row = spare.pop() ?? pane.lines.appendChild(h("div.line"));
        pane.held.set(line, row);
        row.replaceChildren();
        row.isFilled = false;
        row.line = line;
      }
      if (!row.isFilled) {
        const text = store.line(columns, line);
        if (text !== undefined) {
          row.replaceChildren(...nodes(text, white));
          row.isFilled = true;
          row.classList.toggle("begins", layout.starts[line] % layout.rowChars === 0 && line > 0);
        }
      }
      const y = `${(line - first) * height}px`;
      if (row.style.top !== y) row.style.top = y;
    }
    for (const row of spare) row.remove();
  }

  /** @param {number} shift */
  function fillNumbers(shift) {
    numbers.style.transform = `translateY(${shift}px)`;
    const words = [];
    for (let line = first; line < stop; line++) {
      const place = layout.starts[line];
      words.push(`${Math.floor(place / layout.rowChars)}.${place % layout.rowChars}`);
    }
    const text = words.join("\n");
    if (numbers.textContent !== text) numbers.textContent = text;
  }

  /** Colours alone. */
  function paint() {
    for (const pane of panes) paintPane(pane);
  }

  /** @param {typeof panes[0]} pane */
  function paintPane({ canvas, coloured: { source, unit } }) {
    const [across, down] = [columns + 1, Math.max(1, stop - first)];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${down * height}px`;
    }
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    const image = pen.createImageData(across, down);
    const into = new Uint32Array(image.data.buffer);
    const [top, bottom] = now;
    // what is seen comes before what is near
    const order = [...range(top, Math.min(bottom, stop)), ...range(Math.min(bottom, stop), stop), ...range(first, top)];
    for (const line of source ? order : []) {
      let place = layout.starts[line];
      const until = end(line);
      let at = (line - first) * across;
      while (place < until) {
        const row = Math.floor(place / layout.rowChars);
        const step = place - row * layout.rowChars;
        const { tile, begin, column } = store.values(source, unit, row, step, { isSeen: line >= top && line < bottom, isAtRest: !isMoving });
        const here = step - begin;
        // a record of another text may end before its row does
        const known = tile ? Math.max(0, tile.steps - here) : 0;
        const chars = known ? Math.min(until - place, known) : until - place;
        if (tile && known) for (let each = 0, from = here * tile.units + column; each < chars; each++, from += tile.units) into[at + each] = palette[tile.data[from] + 128];
        at += chars;
        place += chars;
      }
    }
    pen.putImageData(image, 0, 0);
  }

  /** @type {{place: number, chars: number}[]} hovered, chosen */
  const marked = [{ place: -1, chars: 1 }, { place: -1, chars: 1 }];
  function placeMarks() {
    marked.forEach(({ place, chars }, which) => {
      for (const pane of panes) {
        const mark = pane.marks[which];
        const line = place < 0 || !total ? -1 : lineOf(place);
        mark.hidden = line < first || line >= stop;
        if (mark.hidden) continue;
        const column = place - layout.starts[line];
        mark.style.transform = `translate(${column * cell}px, ${(line - first) * height}px)`;
        mark.style.width = `${Math.min(chars, end(line) - place) * cell}px`;
        mark.style.height = `${height}px`;
      }
    });
  }

  function due() {
    if (!isDue) requestAnimationFrame(draw);
    isDue = true;
  }
  let isMoving = false, restDue = 0, shows = 0;
  element.addEventListener("scroll", () => {
    isMoving = true;
    clearTimeout(restDue);
    restDue = window.setTimeout(() => {
      isMoving = false;
      due();
    }, REST_MS);
    due();
  }, { passive: true });

  /** The place under a pointer, and its pane; null beside the text. @param {{clientX: number, clientY: number}} event */
  function hit(event) {
    for (const [index, pane] of panes.entries()) {
      const box = pane.lines.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left) / cell);
      const line = first + Math.floor((event.clientY - box.top) / height);
      if (column < 0 || column > columns || line < first || line >= stop) continue;
      const place = layout.starts[line] + column;
      return place < end(line) ? { place, pane: index } : null;
    }
    return null;
  }

  /** The places that are selected, [from, to), or null. */
  function selected() {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    const of = (/** @type {Node} */ node, /** @type {number} */ offset) => {
      const from = node.nodeType === Node.ELEMENT_NODE ? /** @type {Element} */ (node) : node.parentElement;
      const line = /** @type {any} */ (from?.closest(".line"));
      return line && element.contains(line) ? layout.starts[line.line] + columnOf(line, node, offset) : -1;
    };
    const [from, to] = [of(range.startContainer, range.startOffset), of(range.endContainer, range.endOffset)];
    return from >= 0 && to >= 0 && from !== to ? { from: Math.min(from, to), to: Math.max(from, to) } : null;
  }

  /** Whether text and colours of some lines are there; asks for them. @param {number} from @param {number} to */
  function isThere(from, to) {
    let found = true;
    for (const line of range(Math.max(0, from), Math.min(total, to))) {
      found = store.line(columns, line) !== undefined && found;
      const ends = [layout.starts[line], end(line) - 1];
      for (const { coloured: { source, unit } } of panes) for (const place of source ? ends : []) {
        const row = Math.floor(place / layout.rowChars);
        found = Boolean(source && store.values(source, unit, row, place - row * layout.rowChars).tile) && found;
      }
    }
    return found;
  }

  /**
   * Scrolls there, as soon as what is there can be drawn.
   * @param {number} place @param {{isGentle?: boolean, isAtOnce?: boolean}} [how] gentle: only where it is not seen
   */
  async function show(place, { isGentle = false, isAtOnce = false } = {}) {
    const line = lineOf(place);
    const [top, bottom] = seen();
    if (isGentle && line > top && line < bottom - 2) return due();
    const wanted = Math.min(full(), Math.max(0, line * height - Math.floor(element.clientHeight / 3)));
    const begin = Math.floor(wanted / height);
    const mine = ++shows;
    if (!isAtOnce) await store.until(() => mine !== shows || isThere(begin, begin + bottom - top + 1), WAIT_MS);
    if (mine !== shows) return;
    element.scrollTop = tall === total * height ? wanted : (wanted / full()) * (tall - element.clientHeight);
    draw();
  }

  return {
    element, columns, panes, draw, due, paint, hit, selected, show, lineOf, end,
    get seen() { return now; },
    get layout() { return layout; },
    /** @param {import("./text_store.js").Layout} found */
    lay(found) {
      layout = found;
      total = layout.starts.length;
      tall = Math.min(TALLEST, total * height);
      spacer.style.height = `${tall}px`;
      spacer.style.width = `${gutter + count * width + (count - 1) * space}px`;
    },
    recolour() {
      palette = pixels();
      paint();
    },
    /** @param {number} which 0 hovered, 1 chosen @param {number} place @param {number} [chars] */
    mark(which, place, chars = 1) {
      marked[which] = { place, chars };
      placeMarks();
    },
  };
}
