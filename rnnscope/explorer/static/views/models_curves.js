// @ts-check
// Networks while they learn, side by side: the validation loss of each at one point of its training.

import { h } from "../lib/dom.js";
import { fixed, whole } from "../lib/numbers.js";
import { modelLink } from "./models_links.js";
import { slider } from "./models_slider.js";

/** @param {any} finding of training_curves @param {import("../app.js").Context} context */
export function curvesPanel(finding, context) {
  const points = (finding.tables.points ?? []).filter((/** @type {any} */ row) => Number.isFinite(row.validation_nats) && Number.isFinite(row.chars_seen) && row.run);
  if (!points.length) return null;
  const contexts = (finding.tables.contexts ?? []).filter((/** @type {any} */ row) => Number.isFinite(row.validation_nats));
  const places = [...new Set(points.map((/** @type {any} */ row) => row.chars_seen))].sort((a, b) => a - b);
  const runs = [...new Set(points.map((/** @type {any} */ row) => row.run))];
  const body = h("tbody");
  /** @param {number} at */
  function show(at) {
    const rows = runs.map((run) => {
      const own = points.filter((/** @type {any} */ row) => row.run === run && row.chars_seen <= places[at]);
      return { run, last: own.reduce((/** @type {any} */ a, /** @type {any} */ b) => (!a || b.chars_seen >= a.chars_seen ? b : a), null) };
    }).filter((each) => each.last).sort((a, b) => a.last.validation_nats - b.last.validation_nats);
    body.replaceChildren(...rows.map(({ run, last }) => {
      const beaten = contexts.filter((/** @type {any} */ row) => row.validation_nats > last.validation_nats);
      return h("tr", {}, h("th", { scope: "row" }, modelLink(context, run)), h("td.n", {}, fixed(last.validation_nats, 3)), h("td.n", {}, whole(last.chars_seen)),
        h("td.n", {}, contexts.length ? `${beaten.length} of ${contexts.length}` : "–"));
    }));
  }
  const control = slider(context, "Point of training", places.map((chars) => `${whole(chars)} characters read`), show);
  return h("section.panel", { "aria-labelledby": "curves-title" }, h("h2#curves-title", {}, "The networks while they learn"), control,
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Validation loss at this point" }, h("table", {},
      h("caption", {}, "Last validation at or before this point, best first"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "network"), h("th.n", { scope: "col" }, "validation nats"), h("th.n", { scope: "col" }, "characters read"), h("th.n", { scope: "col" }, "n-grams that it is below"))), body)));
}
