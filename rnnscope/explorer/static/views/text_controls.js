// @ts-check
// Controls of the text view: what each pane is coloured by, and how the sheet looks. Knows no server.

import { choosePalette, palette, PALETTES, ramp } from "../lib/colours.js";
import { field, h, select } from "../lib/dom.js";
import { fixed } from "../lib/numbers.js";

/** Sites in words, in the order that they are offered. @type {Record<string, string>} */
const SITES = {
  tanh_c: "tanh(c), the cell state as it is read", h: "h, the output", c: "c, the cell state", i: "i, input gate", f: "f, forget gate", o: "o, output gate",
  g: "g, candidate", z: "z, update gate", r: "r, reset gate", n: "n, candidate",
};

/** Sites of a layer that were traced. @param {any} trace @param {number} layer */
export function sitesOf(trace, layer) {
  const start = `layers.${layer - 1}.`;
  const found = Object.keys(trace?.sites ?? {}).filter((each) => each.startsWith(start)).map((each) => each.slice(start.length));
  const order = Object.keys(SITES);
  const rank = (/** @type {string} */ site) => (order.includes(site) ? order.indexOf(site) : 99);
  return found.sort((a, b) => rank(a) - rank(b));
}

/**
 * One pane's controls.
 * @param {any} pane @param {any} choices runs, losses, tracks @param {(values: any) => void} changed @param {(() => void) | null} closed
 */
export function paneControls(pane, { runs, losses, tracks }, changed, closed) {
  const colours = [
    /** @type {[string, string]} */ (["unit", "a unit"]),
    ...(losses.length ? [/** @type {[string, string]} */ (["surprise", "surprise"])] : []),
    ...tracks.map((/** @type {any} */ each) => /** @type {[string, string]} */ ([`track:${each.name}`, each.title]))];
  const row = h("div.row.pane-controls", { role: "group", "aria-label": pane.label });
  row.append(field("Colour", select(colours, pane.colour, (colour) => changed({ colour }))));
  if (closed) row.append(field("Network", select(runs.map((/** @type {any} */ each) => each.name), pane.run?.name ?? "", (run) => changed({ run, unit: null, site: null }))));
  if (pane.colour === "unit" && pane.trace) {
    const unit = h("input", { type: "number", min: "0", max: String(pane.units - 1), value: String(pane.unit), "aria-label": "Unit", onchange: () => changed({ unit: unit.valueAsNumber }) });
    const step = (/** @type {number} */ by, /** @type {string} */ words, /** @type {string} */ sign) =>
      h("button.quiet.step", { type: "button", "aria-label": words, onclick: () => changed({ flip: by }) }, sign);
    row.append(
      field("Layer", select(pane.layers.map(String), String(pane.layer), (layer) => changed({ layer: Number(layer) }))),
      h("span.field", {}, h("span", {}, "Unit"), step(-1, "Previous unit", "‹"), unit, step(1, "Next unit", "›"), h("span.note", {}, `of ${pane.units}`)),
      field("Value", select(sitesOf(pane.trace, pane.layer).map((site) => /** @type {[string, string]} */ ([site, SITES[site] ?? site])), pane.site, (site) => changed({ site }))));
    pane.unitInput = unit;
  }
  if (pane.colour === "surprise")
    row.append(field("Of", select(losses, pane.predictor, (predictor) => changed({ predictor }))));
  if (closed) row.append(h("button.quiet", { type: "button", onclick: closed, "aria-label": "End the comparison" }, "×"));
  return row;
}

/** What the colours mean. @param {any} pane @param {number | undefined} scale */
export function legend(pane, scale) {
  const bar = h("span.ramp", { "aria-hidden": "true" });
  const colours = ramp();
  const isOneSided = pane.colour === "surprise" || pane.isFlag;
  const from = isOneSided ? 127 : 0;
  const stops = Array.from({ length: 9 }, (_, each) => colours[Math.round(from + ((254 - from) * each) / 8)]);
  bar.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  const number = scale === undefined ? "…" : Number.isInteger(scale) ? String(scale) : fixed(scale, 2);
  const beyond = pane.colour === "surprise" || (pane.colour === "unit" && scale !== 1);
  const [low, high] = isOneSided ? ["0", `${number}${pane.colour === "surprise" ? " nats or more" : ""}`] : [`−${number}`, `+${number}${beyond ? " or beyond" : ""}`];
  const what = pane.colour === "unit" ? `${pane.site} of unit ${pane.layer}.${pane.unit}${pane.run ? `, ${pane.run.name}` : ""}`
    : pane.colour === "surprise" ? `how surprising each character was to ${pane.predictor}` : pane.trackTitle;
  return h("p.legend", {}, h("span", {}, low), bar, h("span", {}, high), h("span.note", {}, what));
}

/** @param {any} state @param {(values: any) => void} changed @param {(text: string) => void} jump @param {() => void} compare */
export function sheetControls(state, changed, jump, compare, isOpen = false) {
  const box = h("input.jump", { type: "text", placeholder: "4.120, 50 % or words", "aria-label": "Jump to a place (row.step), a share of the text, or the next place of these words", spellcheck: "false", maxlength: "200" });
  const white = h("button.quiet", { type: "button", "aria-pressed": String(state.white), title: "Show spaces, tabs and line ends", onclick: () => changed({ white: state.white ? "" : "1" }) }, "Whitespace");
  const sizes = /** @type {[string, string][]} */ ([["11", "small"], ["13", "medium"], ["16", "large"]]);
  const widths = /** @type {[string, string][]} */ ([["0", "to fit"], ...[40, 60, 80, 100, 120, 160, 200].map((each) => [String(each), String(each)])]);
  return h("div.row.sheet-controls", {},
    h("form.jump-form", { role: "search", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); jump(box.value); } }, box, h("button", {}, "Jump")),
    !state.isCompared && h("button.quiet", { type: "button", onclick: compare }, "Compare"),
    h("details.settings", { open: isOpen }, h("summary", {}, "Looks"), h("div.row", {}, white,
    field("Columns", select(widths, String(state.columns), (columns) => changed({ columns: columns === "0" ? "" : columns }))),
    field("Size", select(sizes, String(state.size), (size) => changed({ size: size === "13" ? "" : size }))),
    field("Palette", select(Object.entries(PALETTES).map(([name, { words }]) => /** @type {[string, string]} */ ([name, words])), palette(), choosePalette)))));
}
