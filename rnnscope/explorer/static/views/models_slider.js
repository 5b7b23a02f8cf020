// @ts-check
// A slider over checkpoints: arrow keys step, it plays by itself when asked to, the address keeps where it stands.

import { h } from "../lib/dom.js";

const STEP_MS = 350;

/**
 * @param {import("../app.js").Context} context @param {string} label @param {string[]} words of each place
 * @param {(at: number) => void} show
 */
export function slider(context, label, words, show) {
  const asked = Number.parseInt(context.param("checkpoint"), 10);
  let at = Number.isInteger(asked) ? Math.max(1, Math.min(words.length, asked)) - 1 : words.length - 1;
  let timer = 0;
  const output = h("output");
  const range = h("input", { type: "range", min: "1", max: String(words.length), step: "1", "aria-label": label, oninput: () => move(Number(range.value) - 1) });
  const play = h("button", { type: "button", "aria-pressed": "false", onclick: () => (timer ? stop() : start()) }, "Play");

  /** @param {number} to */
  function move(to, isTold = true) {
    at = Math.max(0, Math.min(words.length - 1, to));
    range.value = String(at + 1);
    range.setAttribute("aria-valuetext", words[at]);
    output.textContent = `${at + 1} of ${words.length} · ${words[at]}`;
    if (isTold) context.set({ checkpoint: at + 1 });
    show(at);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.setAttribute("aria-pressed", "false");
    play.textContent = "Play";
  }
  function start() {
    if (at === words.length - 1) move(0);
    play.setAttribute("aria-pressed", "true");
    play.textContent = "Stop";
    timer = window.setInterval(() => {
      if (!range.isConnected || at >= words.length - 1) return stop();
      move(at + 1);
    }, STEP_MS);
  }
  range.addEventListener("pointerdown", stop);
  move(at, false);
  return h("div.slider", { onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && stop() },
    h("label.field", {}, h("span", {}, label), range), play, output);
}
