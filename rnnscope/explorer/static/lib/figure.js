// @ts-check
// A figure of a finding, drawn by the report's own drawing, with its table behind it.

import { get } from "./api.js";
import { h } from "./dom.js";
import { table } from "./table.js";

/** @type {Promise<any> | undefined} */
let ready;

/** The charts' renderer and looks, once asked for: no other view pays for them. */
function drawing() {
  ready ??= Promise.all([import("/static/vega.js"), import("/static/shared/drawing.js"), get("/api/theme")]).then(
    // @ts-ignore: drawing.js puts it there
    ([, , configs]) => ({ ...globalThis.drawing, configs }));
  return ready;
}

/**
 * Draws a spec into a box and keeps it in step with colours and room. Result: { view, close }.
 * @param {HTMLElement} box @param {any} spec @param {object[]} rows
 * @param {(view: any) => void} [onview] hears the view, again each time that the chart is drawn anew
 */
export async function chart(box, spec, rows, onview = () => {}) {
  const { embed, fitted, configs } = await drawing();
  const room = () => `${document.documentElement.dataset.scheme} ${fitted(box, spec).room}`;
  let now = "", result = /** @type {any} */ (null);
  const draw = async () => {
    if (!box.isConnected) return close();
    if (now === room()) return;
    now = room();
    result?.finalize();
    result = await embed(box, spec, rows, configs[document.documentElement.dataset.scheme ?? "light"]);
    box.removeAttribute("aria-busy");
    onview(result.view);
  };
  const observer = new ResizeObserver(() => box.isConnected && draw());
  function close() {
    observer.disconnect();
    document.removeEventListener("scheme", draw);
    result?.finalize();
  }
  document.addEventListener("scheme", draw);
  await draw();
  observer.observe(box);
  return { get view() { return result?.view; }, close };
}

/** A figure with title, reading, chart and table. @param {any} shown a FigureShown of /api @param {(view: any) => void} [onview] */
export function figure(shown, onview) {
  const rows = shown.rows.map((/** @type {any[]} */ row) => Object.fromEntries(row.map((value, index) => [shown.columns[index], value])));
  const box = h("div.plot", { "aria-busy": "true" });
  const details = h("details", { ontoggle: () => details.open && details.children.length === 1 && details.append(
    table(shown.title, shown.columns.map((/** @type {string} */ name) => ({ name })), rows)) }, h("summary", {}, "Data"));
  const element = h("figure.chart", {},
    h("figcaption", {}, h("h2", {}, shown.title), h("p", {}, shown.reading)), box,
    (shown.how_to_read || shown.note) && h("p.note", {}, `${shown.how_to_read} ${shown.note}`.trim()), details);
  requestAnimationFrame(() => chart(box, shown.spec, rows, onview).catch((error) => {
    box.replaceChildren(h("p.notice", { role: "status" }, `This chart could not be drawn (${error}). Its data are in the table below.`));
    details.open = true;
  }));
  return element;
}
