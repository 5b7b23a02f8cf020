// @ts-check
// A stretch of text to point at, with the mouse or with arrow keys. Knows no search.

import { h, say } from "../lib/dom.js";

/** @type {Record<string, string>} */
const SHOWN = { "\n": "↵\n", "\t": "→\t", "\r": "" };
/** @typedef {{row: number, start: number, stop: number}} Span `stop` is left out */

/**
 * @param {(span: Span, isCounter: boolean) => void} chosen a span was taken; as a counter-span where Alt was held
 * @param {(by: number) => void} page more text is wanted, before (-1) or after (1)
 */
export function selectable(chosen, page) {
  const element = h("div.pointed", {
    tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true",
    "aria-label": "Text to point at", "aria-describedby": "pointing-help",
  });
  /** @type {HTMLElement[]} */
  let marks = [];
  let row = 0, first = 0, caret = 0, anchor = -1, isDown = false;
  /** Selected, as places in the stretch. */
  const range = () => (anchor < 0 ? [caret, caret] : [Math.min(anchor, caret), Math.max(anchor, caret) + 1]);

  function paint() {
    const [from, to] = range();
    marks.forEach((mark, at) => {
      mark.classList.toggle("selected", at >= from && at < to);
      mark.classList.toggle("caret", at === caret);
    });
  }
  function take(/** @type {boolean} */ isCounter) {
    const [from, to] = anchor < 0 ? [caret, caret + 1] : range();
    anchor = -1;
    paint();
    if (to <= from || !marks.length) return;
    say(`${isCounter ? "Counter-span" : "Span"} of ${to - from} characters taken`);
    chosen({ row, start: first + from, stop: first + to }, isCounter);
  }
  const placeOf = (/** @type {PointerEvent} */ event) => {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    return under instanceof HTMLElement && under.parentElement === element ? marks.indexOf(under) : -1;
  };
  element.addEventListener("pointerdown", (event) => {
    const at = placeOf(/** @type {PointerEvent} */ (event));
    if (at < 0 || event.button) return;
    isDown = true;
    anchor = caret = at;
    element.setPointerCapture?.(event.pointerId);
    paint();
  });
  element.addEventListener("pointermove", (event) => {
    const at = isDown ? placeOf(/** @type {PointerEvent} */ (event)) : -1;
    if (at < 0 || at === caret) return;
    caret = at;
    paint();
  });
  element.addEventListener("pointerup", (event) => {
    if (!isDown) return;
    isDown = false;
    if (anchor === caret) { anchor = -1; paint(); } else take(event.altKey);
  });
  element.addEventListener("pointercancel", () => { isDown = false; anchor = -1; paint(); });

  /** The character above or below. @param {number} sign */
  function otherLine(sign) {
    const here = marks[caret].getBoundingClientRect();
    let best = caret, least = Infinity, line = NaN;
    for (let at = caret + sign; at >= 0 && at < marks.length; at += sign) {
      const box = marks[at].getBoundingClientRect();
      if (!box.width || Math.abs(box.top - here.top) < 3) continue;
      if (!Number.isNaN(line) && Math.abs(box.top - line) > 3) break;
      line = box.top;
      const apart = Math.abs(box.left - here.left);
      if (apart < least) [best, least] = [at, apart];
    }
    return best;
  }
  const isWord = (/** @type {number} */ at) => /[\p{L}\p{N}_]/u.test(marks[at]?.dataset.c ?? "");
  function otherWord(/** @type {number} */ sign) {
    let at = caret + sign;
    while (at > 0 && at < marks.length - 1 && !(isWord(at) && !isWord(at - 1))) at += sign;
    return at;
  }
  element.addEventListener("keydown", (event) => {
    if (!marks.length) return;
    const sign = ["ArrowRight", "ArrowDown"].includes(event.key) ? 1 : -1;
    /** @type {Record<string, () => number>} */
    const moves = {
      ArrowRight: () => (event.ctrlKey ? otherWord(1) : caret + 1), ArrowLeft: () => (event.ctrlKey ? otherWord(-1) : caret - 1),
      ArrowUp: () => otherLine(sign), ArrowDown: () => otherLine(sign), Home: () => 0, End: () => marks.length - 1,
    };
    if (event.key === "Enter") take(event.altKey);
    else if (event.key === "Escape") anchor = -1;
    else if (event.key === "PageDown" || event.key === "PageUp") page(event.key === "PageDown" ? 1 : -1);
    else if (event.key in moves && !event.altKey) {
      if (event.shiftKey && anchor < 0) anchor = caret;
      if (!event.shiftKey) anchor = -1;
      caret = Math.max(0, Math.min(marks.length - 1, moves[event.key]()));
      marks[caret].scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
    paint();
  });

  return {
    element,
    /** Another stretch. @param {{row: number, step: number, text: string}} stretch */
    show(stretch) {
      [row, first, caret, anchor] = [stretch.row, stretch.step, 0, -1];
      marks = Array.from(stretch.text).map((character) =>
        h(character in SHOWN ? "i.white" : "i", { data: { c: character } }, SHOWN[character] ?? character));
      element.replaceChildren(...marks);
      paint();
    },
    /** What is taken already. @param {Span[]} spans @param {Span[]} counters */
    mark(spans, counters) {
      const isIn = (/** @type {Span[]} */ some, /** @type {number} */ at) => some.some((s) => s.row === row && first + at >= s.start && first + at < s.stop);
      marks.forEach((mark, at) => {
        mark.classList.toggle("on", isIn(spans, at));
        mark.classList.toggle("off", isIn(counters, at));
      });
    },
  };
}
