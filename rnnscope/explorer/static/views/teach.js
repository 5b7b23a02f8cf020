// @ts-check
// Teach: one unit, one character at a time, every equation with its numbers. Knows the address and the keys.

import { get, path } from "../lib/api.js";
import { colour } from "../lib/colours.js";
import { h, select } from "../lib/dom.js";
import { visible, whole } from "../lib/numbers.js";
import { empty, isAborted, refused } from "../lib/states.js";
import { gateCard, logitsCard, past, stateCard } from "./teach_gates.js";

/** @param {HTMLElement} main @param {import("../app.js").Context} context */
export async function open(main, context) {
  const { run, set, signal } = context;
  if (!run) return main.replaceChildren(empty("No network yet", "This corpus has no finished run; training one makes this view work."));
  let [layer, unit] = numbers(context.param("unit"), [1, 0]);
  let [row, step] = numbers(context.param("at"), [0, 0]);
  if (!context.param("at")) step = 40;
  let turn = 0, isOpen = new Set();
  /** @type {any} */
  let shown = null;

  const text = h("p.line", { "aria-label": "The text around this step" });
  const where = h("p.where", { role: "status" });
  const body = h("div.body");
  const problem = h("div");
  const back = h("button", { type: "button", onclick: () => go(-1) }, "← Back");
  const on = h("button.primary", { type: "button", onclick: () => go(1) }, "Step →");
  const layers = Array.from({ length: run.layers }, (_, at) => String(at + 1));
  const unitBox = h("input", { type: "number", min: 0, max: run.hidden - 1, value: unit, onchange: () => move({ unit: Math.trunc(Number(unitBox.value)) || 0 }) });
  const rowBox = h("input", { type: "number", min: 0, value: row, onchange: () => move({ row: Math.max(0, Math.trunc(Number(rowBox.value)) || 0), step: 0 }) });
  const stepBox = h("input", { type: "number", min: 0, value: step, onchange: () => move({ step: Math.max(0, Math.trunc(Number(stepBox.value)) || 0) }) });

  main.replaceChildren(
    h("h1", {}, "One unit, one step at a time"),
    h("div.row.choices", {},
      layers.length > 1 && h("label.field", {}, h("span", {}, "Layer"), select(layers, String(layer), (value) => move({ layer: Number(value) }))),
      h("label.field", {}, h("span", {}, "Unit"), unitBox), h("label.field", {}, h("span", {}, "Row"), rowBox), h("label.field", {}, h("span", {}, "Step"), stepBox)),
    h("div.stage", {}, text, h("div.row.steps", {}, back, on, where)),
    problem, body);
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (/INPUT|SELECT|TEXTAREA/.test(/** @type {HTMLElement} */ (event.target).tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 })[event.key];
    const up = /** @type {Record<string, number>} */ ({ ArrowUp: 1, ArrowDown: -1 })[event.key];
    if (!by && !up) return;
    event.preventDefault();
    if (by) go(by);
    else move({ unit: unit + up });
  };
  document.addEventListener("keydown", key);
  const repaint = () => shown && line();
  document.addEventListener("scheme", repaint);
  await show(true);
  return {
    close() {
      document.removeEventListener("keydown", key);
      document.removeEventListener("scheme", repaint);
    },
    changed(/** @type {import("../app.js").Context} */ now) {
      [layer, unit] = numbers(now.param("unit"), [1, 0]);
      [row, step] = numbers(now.param("at"), [0, 40]);
      show(false);
    },
  };

  /** @param {number} by */
  function go(by) {
    move({ step: Math.max(0, Math.min((shown?.steps ?? 1) - 1, step + by)) });
  }

  /** @param {{layer?: number, unit?: number, row?: number, step?: number}} to */
  function move(to) {
    ({ layer, unit, row, step } = { layer, unit, row, step, ...to });
    unit = Math.max(0, Math.min(run.hidden - 1, unit));
    set({ unit: `${layer}.${unit}`, at: `${row}.${step}` });
    show(false);
  }

  /** @param {boolean} isFirst whether a refusal is the view's own */
  async function show(isFirst) {
    const mine = ++turn;
    unitBox.value = String(unit);
    rowBox.value = String(row);
    stepBox.value = String(step);
    try {
      const answer = await get(path("teach", context.corpus.name, run.name, context.part, layer, unit), { row, step }, signal);
      if (mine !== turn) return;
      shown = answer;
      problem.replaceChildren();
      draw();
    } catch (error) {
      if (isAborted(error) || mine !== turn) return;
      if (isFirst) throw error;
      problem.replaceChildren(refused(error));
      body.replaceChildren();
    }
  }

  function draw() {
    line();
    where.textContent = `Step ${whole(shown.step)} of ${whole(shown.steps - 1)}: it reads “${shown.symbol}”; “${shown.target}” follows.`;
    back.disabled = step === 0;
    on.disabled = step >= shown.steps - 1;
    rowBox.max = String(shown.rows - 1);
    stepBox.max = String(shown.steps - 1);
    for (const each of body.querySelectorAll("details")) {
      const name = each.closest("section")?.getAttribute("aria-label");
      if (each.open) isOpen.add(name);
      else isOpen.delete(name);
    }
    const focus = document.activeElement?.closest(".gate")?.getAttribute("aria-label");
    body.replaceChildren(
      h("div.gates", {}, shown.gates.map((/** @type {any} */ each) => gateCard(each, shown.cell, link))),
      stateCard(shown),
      h("div.below", {}, past(shown), logitsCard(shown)),
      h("p.note.footnote", {}, "x is this character (or the layer below), h′ and c′ are of the step before, as the trace holds them; the rest is worked out from the saved weights. ",
        `The network itself had h = ${shown.recorded.h.toFixed(3).replace("-", "−")} here. `,
        elsewhere("text", "See it in the text"), " · ", elsewhere("units", "Its card"), " · ", elsewhere("live", "Hold it")));
    for (const each of body.querySelectorAll("details")) {
      const name = each.closest("section")?.getAttribute("aria-label");
      each.open = isOpen.has(name);
      if (focus && name === focus) /** @type {HTMLElement} */ (each.firstElementChild).focus();
    }
  }

  function line() {
    const values = shown.past.tanh_c ?? shown.past.h;
    const characters = Array.from(shown.text);
    const here = shown.step - shown.text_first;
    text.replaceChildren(...characters.map((character, at) => {
      const mark = character === "\n" ? "↵" : character === "\r" ? "" : character;
      const element = h(at === here ? "b.here" : at > here ? "i.ahead" : "i", {}, at === here ? visible(character) : mark);
      if (at <= here) element.style.background = colour(values[at]);
      return element;
    }));
  }

  /** @param {string} name */
  function link(name) {
    return anchor(context.href("teach", { unit: name, at: `${row}.${step}` }), () => {
      const [to, index] = numbers(name, [layer, unit]);
      move({ layer: to, unit: index });
    }, name);
  }

  /** @param {string} view @param {string} words */
  function elsewhere(view, words) {
    const to = { unit: `${layer}.${unit}`, at: view === "text" ? `${row}.${step}` : null };
    return anchor(context.href(view, to), () => context.go(view, to), words);
  }
}

/** @param {string} href @param {() => void} go @param {string} words */
function anchor(href, go, words) {
  return h("a", { href, onclick: (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go();
  } }, words);
}

/** '1.37' -> [1, 37]. @param {string} text @param {[number, number]} otherwise @returns {[number, number]} */
function numbers(text, otherwise) {
  const match = /^(\d{1,7})\.(\d{1,12})$/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : otherwise;
}
