// @ts-check
// A table for reading, sorted by the column whose head is pressed.

import { h } from "./dom.js";
import { cell } from "./numbers.js";

/**
 * @param {string} caption
 * @param {{name: string, label?: string, shown?: (value: any, row: any) => any}[]} columns
 * @param {any[]} rows objects
 * @param {{most?: number, onrow?: (row: any) => void, sortable?: boolean}} [settings] rows shown at most
 */
export function table(caption, columns, rows, { most = 200, onrow, sortable = true } = {}) {
  let order = [...rows];
  let by = "";
  let falls = false;
  const isNumber = new Map(columns.map(({ name }) => [name, rows.some((row) => typeof row[name] === "number")]));
  const body = h("tbody");
  const note = h("p.note");
  const heads = columns.map(({ name, label }) => {
    const words = label ?? name.replaceAll("_", " ");
    const head = h("th", { scope: "col", class: isNumber.get(name) ? "n" : false });
    head.append(sortable ? h("button.sort", { type: "button", onclick: () => sort(name) }, words) : words);
    return head;
  });

  function fill() {
    body.replaceChildren(...order.slice(0, most).map((row) => {
      const cells = columns.map(({ name, shown }) =>
        h("td", { class: isNumber.get(name) ? "n" : false }, shown ? shown(row[name], row) : cell(row[name], name)));
      return h("tr", onrow ? { tabindex: "0", class: "pressable", onclick: () => onrow(row), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && e.target === e.currentTarget && onrow(row) } : {}, cells);
    }));
    note.textContent = rows.length > most ? `${most} of ${rows.length.toLocaleString("en")} rows.` : "";
  }

  function sort(/** @type {string} */ name) {
    falls = by === name ? !falls : isNumber.get(name) === true;
    by = name;
    const sign = falls ? -1 : 1;
    order = [...rows].sort((a, b) => {
      const [x, y] = [a[name], b[name]];
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y)));
    });
    columns.forEach((column, index) => heads[index].setAttribute("aria-sort", column.name !== by ? "none" : falls ? "descending" : "ascending"));
    fill();
  }

  fill();
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads)), body), note);
}
