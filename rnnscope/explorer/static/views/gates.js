// @ts-check
// The view of gates: how often each is shut or open, a region of that plane, and the units in it. The address
// holds the region.

import { get, path } from "../lib/api.js";
import { field, h, say, select } from "../lib/dom.js";
import { figure } from "../lib/figure.js";
import { link } from "../lib/link.js";
import { percent, whole } from "../lib/numbers.js";
import { empty, loading } from "../lib/states.js";
import { table } from "../lib/table.js";
import { brush } from "./gates_brush.js";

/** @typedef {import("./gates_brush.js").Region} Region */
const POLL_MS = 500;
const WHOLE = /** @type {[number, number]} */ ([0, 1]);
/** @type {Record<string, {words: string, region: Record<string, any>}>} */
const PRESETS = {
  open: { words: "Mostly open", region: { open: "0.9-1", shut: null, still: null } },
  shut: { words: "Mostly shut", region: { open: null, shut: "0.9-1", still: null } },
  free: { words: "Hardly ever saturated", region: { open: "0-0.1", shut: "0-0.1", still: null } },
  still: { words: "Never moves", region: { open: null, shut: null, still: 1 } },
};

/** @param {string} text '0.9-1' @returns {[number, number]} */
function rangeOf(text) {
  const match = /^(\d(?:\.\d+)?)-(\d(?:\.\d+)?)$/.exec(text);
  const [low, high] = match ? [Number(match[1]), Number(match[2])] : WHOLE;
  return low <= high && high <= 1 ? [low, high] : [...WHOLE];
}
/** @param {[number, number]} range */
const shownRange = ([low, high]) => (low <= 0 && high >= 1 ? null : `${low}-${high}`);

/** @param {(name: string) => string} param @returns {Region} */
const regionOf = (param) => ({ gate: param("gate"), layer: /^\d+$/.test(param("layer")) ? param("layer") : "", isStill: param("still") === "1", open: rangeOf(param("open")), shut: rangeOf(param("shut")) });

/** @param {Region} region */
const isOn = (region) => Boolean(region.gate || region.layer || region.isStill || shownRange(region.open) || shownRange(region.shut));

/** The gate units in a region. @param {any[]} gates @param {Region} region */
const unitsIn = (gates, { gate, layer, isStill, open, shut }) => gates.filter((unit) =>
  (!gate || unit.gate === gate) && (!layer || String(unit.layer) === layer) && (!isStill || unit.never_moves)
  && unit.right >= open[0] && unit.right <= open[1] && unit.left >= shut[0] && unit.left <= shut[1]);

/** @param {HTMLElement} main @param {import("../app.js").Context} first */
export async function open(main, first) {
  let context = first;
  const { corpus, run, part, signal } = first;
  const beside = first.param("beside");
  const ask = () => get(path("gates", corpus.name, run?.name ?? ""), { part, beside }, signal);
  let shown = await ask();
  while (!shown.is_over) {
    const share = Math.min(...shown.counted.map((/** @type {any} */ each) => each.measuring.share));
    main.replaceChildren(loading(`Counting gates over the trace, ${percent(share, 0)}`));
    await new Promise((done) => setTimeout(done, POLL_MS));
    shown = await ask();
  }
  const failed = shown.counted.map((/** @type {any} */ each) => each.measuring.failed).filter(Boolean);
  if (failed.length) throw new Error(failed.join("; "));
  if (!shown.gates.length) {
    main.replaceChildren(empty("No gates", "A plain recurrent cell has none: take an LSTM or a GRU."));
    return;
  }

  const views = new Set();
  let region = regionOf(context.param);
  let frame = 0;
  const form = h("div.region");
  const list = h("section.list", { "aria-label": "What is in the region" });
  const counted = h("p", { role: "status" });

  function paint() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      const value = { is_on: isOn(region), gate: region.gate, layer: region.layer && `layer ${region.layer}`, is_still: region.isStill, open: region.open, shut: region.shut };
      for (const view of views) view.signal("region", value).runAsync();
      count();
    });
  }
  function count() {
    const found = unitsIn(shown.gates, region);
    counted.replaceChildren(h("b", {}, whole(found.length)), ` of ${whole(shown.gates.length)} gate units${isOn(region) ? " are in the region" : ""}`);
    return found;
  }
  /** @param {Record<string, any>} changes of the address @param {boolean} [keepsForm] */
  function change(changes, keepsForm = false) {
    context.set(changes);
    region = regionOf(context.param);
    draw(keepsForm);
  }
  function draw(keepsForm = false) {
    if (!keepsForm) form.replaceChildren(...regionForm(shown, region, change));
    const found = count().sort((a, b) => b.right + b.left - a.right - a.left);
    list.replaceChildren(found.length ? unitsTable(found, shown, context) : h("p.note", {}, "No gate unit is there."));
    say(counted.textContent ?? "");
    paint();
  }

  const figures = shown.figures.map((/** @type {any} */ each) => {
    /** @type {any} */
    let mine;
    // a finger wants room: on a narrow page the panels stand under one another
    Object.assign(each.spec.usermeta.rnnscope, innerWidth < 640 ? { group: 1, least_px: 200 } : {});
    const element = figure(each, (view) => {
      if (mine) views.delete(mine);
      views.add(mine = view);
      paint();
    });
    const box = /** @type {HTMLElement} */ (element.querySelector(".plot"));
    brush(box, each.spec, {
      brushed(gate, opened, shut, isOver) {
        region = { ...region, gate, open: opened, shut };
        if (isOver) change({ gate, open: shownRange(opened) ?? "0-1", shut: shownRange(shut) });
        else paint();
      },
      dropped() {
        region = regionOf(context.param);
        paint();
      },
      picked(panel, { right, left, reach }) {
        const near = shown.gates.filter((/** @type {any} */ unit) => unit.gate === panel.gate && unit.run === panel.run)
          .map((/** @type {any} */ unit) => ({ unit, away: Math.hypot(unit.right - right, unit.left - left) }))
          .sort((/** @type {any} */ a, /** @type {any} */ b) => a.away - b.away)[0];
        if (near && near.away <= reach) context.go("units", { run: near.unit.run, unit: `${near.unit.layer}.${near.unit.unit}` });
      },
    });
    return element;
  });
  const others = corpus.runs.filter((/** @type {any} */ each) => each.name !== run.name && Object.keys(each.traces).length && each.cell !== "rnn").map((/** @type {any} */ each) => each.name);
  main.replaceChildren(
    h("div.gates-head", {}, h("h1", {}, "Gates"), h("p.reading", {}, shown.reading), h("p.note", {}, sources(shown)),
      h("div.row", {}, others.length > 0 && field("Beside", select([["", "no other network"], ...others], beside, (value) => context.go("gates", { ...held(), beside: value }))), link(context, "units", {}, "Units of this network"))),
    h("div.gates-layout", {}, h("div.figures", {}, figures, h("p.note", {}, "Drag over a panel to take a region, press a circle to open its unit; the fields beside do the same by keyboard.")),
      h("div.side", {}, form, counted, list)),
    summary(shown, (gate, layer) => change({ gate, layer })),
    h("details", {}, h("summary", {}, "What this does not say"), h("ul.caveats", {}, shown.caveats.map((/** @type {string} */ each) => h("li", {}, each)))));
  /** What the address holds of the region. */
  const held = () => Object.fromEntries(["gate", "layer", "still", "open", "shut"].map((name) => [name, context.param(name)]));
  draw();
  return {
    changed(/** @type {import("../app.js").Context} */ next) {
      if (next.run !== context.run || next.corpus !== context.corpus || next.part !== part || next.param("beside") !== beside) return next.go("gates");
      context = next;
      region = regionOf(context.param);
      draw();
    },
    close: () => cancelAnimationFrame(frame),
  };
}

/** @param {any} shown */
function sources(shown) {
  return shown.counted.map((/** @type {any} */ { run, source, steps }) =>
    `${run}: ${source === "finding" ? `the finding 'saturation', ${whole(steps)} steps` : source === "trace" ? `counted over its trace, ${whole(steps)} steps` : "no gates"}`).join("; ") + ". Shut is below 0.1, open above 0.9.";
}

/** The region by keyboard. @param {any} shown @param {Region} region @param {(changes: Record<string, any>, keepsForm?: boolean) => void} change */
function regionForm(shown, region, change) {
  const names = (/** @type {string} */ name) => [...new Set(shown.gates.map((/** @type {any} */ unit) => String(unit[name])))].sort();
  const range = (/** @type {"open" | "shut"} */ name, /** @type {string} */ words) => {
    const inputs = region[name].map((value, at) => h("input", { type: "number", min: "0", max: "100", step: "any", value: String(Math.round(value * 1000) / 10), "aria-label": `${words}, ${at ? "at most" : "at least"}, percent of steps`, onchange: () => changed() }));
    const changed = () => {
      const [low, high] = inputs.map((input) => Math.max(0, Math.min(100, Number(input.value) || 0)) / 100);
      change({ [name]: low <= high ? shownRange([low, high]) : shownRange([high, low]) }, true);
    };
    return h("div.range", {}, h("span", {}, words), inputs[0], h("span", {}, "to"), inputs[1], h("span", {}, "% of steps"));
  };
  return [
    h("div.row.presets", { role: "group", "aria-label": "Regions" }, Object.values(PRESETS).map(({ words, region: values }) => h("button.quiet", { type: "button", onclick: () => change(values) }, words)),
      h("button.quiet", { type: "button", onclick: () => change({ gate: null, layer: null, still: null, open: null, shut: null }), disabled: !isOn(region) }, "All")),
    h("div.row", {}, field("Gate", select([["", "all"], ...names("gate")], region.gate, (gate) => change({ gate }))),
      names("layer").length > 1 && field("Layer", select([["", "all"], ...names("layer")], region.layer, (layer) => change({ layer })))),
    range("open", "Open"), range("shut", "Shut")];
}

/** @param {any[]} units @param {any} shown @param {import("../app.js").Context} context */
function unitsTable(units, shown, context) {
  const rows = units.map((unit) => ({ ...unit, place: unit.layer * 1e6 + unit.unit, text: unit.gate }));
  const columns = [
    ...(shown.counted.length > 1 ? [{ name: "run", label: "network" }] : []),
    { name: "place", label: "unit", shown: (/** @type {any} */ _, /** @type {any} */ row) => link(context, "units", { run: row.run, unit: `${row.layer}.${row.unit}` }, `${row.layer}.${row.unit}`) },
    { name: "gate" },
    { name: "right", label: "open", shown: (/** @type {number} */ value) => percent(value) },
    { name: "left", label: "shut", shown: (/** @type {number} */ value) => percent(value) },
    { name: "title", label: "follows", shown: (/** @type {string | null} */ value) => value ?? "" },
    { name: "text", label: "in the text", shown: (/** @type {any} */ _, /** @type {any} */ row) => link(context, "text", { run: row.run, unit: `${row.layer}.${row.unit}`, site: row.site }, "coloured") },
  ];
  return table("Gate units in the region", columns, rows);
}

/** @param {any} shown @param {(gate: string, layer: number) => void} take */
function summary(shown, take) {
  const still = shown.gates.filter((/** @type {any} */ unit) => unit.never_moves);
  const names = still.slice(0, 12).map((/** @type {any} */ unit) => `${unit.layer}.${unit.unit} (${unit.gate})`).join(", ");
  const told = still.length ? `${whole(still.length)} gate unit${still.length > 1 ? "s" : ""} never leave${still.length > 1 ? "" : "s"} a band of 0.05: ${names}${still.length > 12 ? " and more" : ""}.` : "Every gate moves: none stays within a band of 0.05.";
  const columns = [...(shown.counted.length > 1 ? [{ name: "run", label: "network" }] : []), { name: "layer" }, { name: "gate" }, { name: "units" },
    { name: "mostly_open", label: "open on over 90 %" }, { name: "mostly_shut", label: "shut on over 90 %" }, { name: "never_moves", label: "never moves" },
    { name: "median_right", label: "median open", shown: (/** @type {number} */ value) => percent(value) }, { name: "median_left", label: "median shut", shown: (/** @type {number} */ value) => percent(value) }];
  return h("section.summary", {}, h("h2", {}, "Gate by gate"), h("p.note", {}, told), table("All units of each gate; press a row to see them", columns, shown.summary, { onrow: (row) => take(row.gate, row.layer) }));
}
