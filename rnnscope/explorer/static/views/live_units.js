// @ts-check
// All units of a network at one character as a strip of cells, and the units that are held, with their sliders.

import { colour } from "../lib/colours.js";
import { h } from "../lib/dom.js";
import { signed } from "../lib/numbers.js";

/** Values that a slider reaches: tanh(c) of an LSTM never is 1. */
export const REACH = 0.99;

/**
 * @param {any} facts of /api/live @param {(unit: string) => void} chosen
 * @returns {{element: HTMLElement, show: (values: Int8Array[] | null, unit: string, held: Map<string, number>) => void}}
 */
export function strip(facts, chosen) {
  /** @type {HTMLElement[][]} */
  const layers = [];
  let current = "";
  const element = h("div.strips");
  for (let layer = 0; layer < facts.layers; layer++) {
    const cells = Array.from({ length: facts.hidden }, (_, each) => {
      const unit = `${layer + 1}.${each}`;
      return h("button.cell", { type: "button", tabindex: "-1", "aria-pressed": "false", "aria-label": `unit ${unit}`, data: { unit } });
    });
    layers.push(cells);
    element.append(h("div.layer", {},
      h("p.note", {}, facts.layers > 1 ? `Layer ${layer + 1}` : `${facts.hidden} units`),
      h("div.cells", { role: "group", "aria-label": `Units of layer ${layer + 1}; arrow keys go from one to the next` }, cells)));
  }
  if (layers[0]) layers[0][0].tabIndex = 0;

  /** @param {HTMLElement} cell */
  function choose(cell) {
    chosen(cell.dataset.unit ?? "");
    cell.focus();
  }
  element.addEventListener("click", (event) => {
    const cell = /** @type {HTMLElement} */ (event.target);
    if (cell.dataset.unit) choose(cell);
  });
  element.addEventListener("keydown", (event) => {
    const cell = /** @type {HTMLElement} */ (event.target);
    const move = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow(cell), ArrowUp: -perRow(cell) })[event.key];
    if (!move || !cell.dataset.unit) return;
    event.preventDefault();
    const all = layers.flat();
    choose(all[Math.max(0, Math.min(all.length - 1, all.indexOf(cell) + move))]);
  });

  /** Cells in a row of the strip, as wide as it is now. @param {HTMLElement} cell */
  function perRow(cell) {
    const row = Array.from(cell.parentElement?.children ?? []);
    const top = /** @type {HTMLElement} */ (row[0]).offsetTop;
    const first = row.findIndex((each) => /** @type {HTMLElement} */ (each).offsetTop !== top);
    return first < 0 ? row.length : first;
  }

  return {
    element,
    show(values, unit, held) {
      for (const [layer, cells] of layers.entries())
        for (const [index, cell] of cells.entries()) {
          const value = values ? values[layer][index] / 127 : 0;
          const name = `${layer + 1}.${index}`;
          cell.style.background = colour(value);
          cell.title = `${name}  ${signed(value)}`;
          cell.setAttribute("aria-label", `unit ${name}, ${signed(value)}`);
          cell.classList.toggle("is-held", held.has(name));
        }
      if (current !== unit) {
        find(current)?.setAttribute("aria-pressed", "false");
        for (const cell of layers.flat()) cell.tabIndex = -1;
        const now = find(unit);
        now?.setAttribute("aria-pressed", "true");
        (now ?? layers[0]?.[0])?.setAttribute("tabindex", "0");
        current = unit;
      }
    },
  };

  /** @param {string} unit */
  function find(unit) {
    const [layer, index] = unit.split(".").map(Number);
    return layers[layer - 1]?.[index];
  }
}

/**
 * The units held, one slider each. `held` is changed in place and `changed` hears of it: whether the hand still
 * moves, so that what is slow can wait.
 * @param {any} facts @param {Map<string, number>} held @param {(isMoving: boolean) => void} changed
 * @param {(unit: string) => HTMLElement} link to the unit's card
 */
export function holds(facts, held, changed, link) {
  const list = h("ul.holds");
  const add = h("input", { type: "text", size: "6", placeholder: "1.37", "aria-label": "Unit to hold, LAYER.UNIT", autocomplete: "off" });
  const problem = h("p.problem", { role: "alert" });
  const form = h("form.row", { onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    const unit = add.value.trim();
    problem.textContent = whyNot(facts, unit);
    if (problem.textContent || held.has(unit)) return;
    held.set(unit, 0.9);
    add.value = "";
    fill();
    changed(false);
  } }, h("label.field", {}, h("span", {}, "Hold unit"), add), h("button", { type: "submit" }, "Hold"));

  function fill() {
    list.replaceChildren(...[...held].map(([unit, value]) => row(unit, value)));
  }

  /** @param {string} unit @param {number} value */
  function row(unit, value) {
    const shown = h("output", {}, signed(value));
    const slider = h("input", {
      type: "range", min: -REACH, max: REACH, step: 0.01, value, "aria-label": `Value that unit ${unit} is held at`,
      oninput: () => set(true), onchange: () => set(false),
    });
    const set = (/** @type {boolean} */ isMoving) => {
      held.set(unit, Number(slider.value));
      shown.textContent = signed(Number(slider.value));
      shown.style.background = colour(Number(slider.value));
      changed(isMoving);
    };
    shown.style.background = colour(value);
    return h("li", { data: { unit } }, link(unit), slider, shown,
      h("button.quiet", { type: "button", "aria-label": `Let unit ${unit} go`, onclick: () => {
        held.delete(unit);
        fill();
        changed(false);
      } }, "Let go"));
  }

  fill();
  return { element: h("div.holding", {}, list, form, problem), fill };
}

/** Why there is no such unit; empty where there is. @param {any} facts @param {string} unit */
export function whyNot(facts, unit) {
  const match = /^(\d{1,2})\.(\d{1,6})$/.exec(unit);
  if (!match) return "A unit is LAYER.UNIT, such as 1.37: layers from 1, units from 0.";
  if (+match[1] < 1 || +match[1] > facts.layers) return facts.layers === 1 ? "The network has one layer, 1." : `The network has layers 1 to ${facts.layers}.`;
  return +match[2] < facts.hidden ? "" : `Layer ${match[1]} has units 0 to ${facts.hidden - 1}.`;
}

/** '1.37:0.9,2.3:-0.8' -> units held; what cannot be is left out. @param {any} facts @param {string} text */
export function parsedHolds(facts, text) {
  const pairs = text.split(",").map((each) => each.split(":"));
  return new Map(pairs
    .filter(([unit, value]) => !whyNot(facts, unit) && Number.isFinite(Number.parseFloat(value)))
    .slice(0, 64)
    .map(([unit, value]) => [unit, Math.max(-REACH, Math.min(REACH, Number.parseFloat(value)))]));
}

/** @param {Map<string, number>} held */
export const holdsText = (held) => [...held].map(([unit, value]) => `${unit}:${value}`).join(",");
