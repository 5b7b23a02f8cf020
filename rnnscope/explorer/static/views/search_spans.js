// @ts-check
// Search by spans: point at text, see the units that are on exactly there. Knows the address's words for spans.

import { get, heard, path, post } from "../lib/api.js";
import { field, h, say } from "../lib/dom.js";
import { percent, whole } from "../lib/numbers.js";
import { isAborted, loading, refused, working } from "../lib/states.js";
import { places } from "./search_places.js";
import { selectable } from "./search_text.js";
import { spanTable } from "./search_units.js";

/** @typedef {import("./search_text.js").Span} Span */
const WINDOW_CHARS = 1200;
const CHOSEN_FIRST = 3;
const MOST_SPANS = 50;

/** 'ROW.STEP-STEP,...' -> spans; the last step is left out. @param {string} text @returns {Span[]} */
const parsed = (text) => text.split(",").map((each) => /^(\d{1,8})\.(\d{1,12})-(\d{1,12})$/.exec(each.trim()))
  .filter((each) => each !== null).map(([, row, start, stop]) => ({ row: +row, start: +start, stop: +stop }))
  .filter((each) => each.start < each.stop).slice(0, MOST_SPANS);
/** @param {Span[]} spans */
const written = (spans) => spans.map((s) => `${s.row}.${s.start}-${s.stop}`).join(",");

/** @param {HTMLElement} box @param {import("../app.js").Context} context @param {any} traced */
export async function openSpans(box, context, traced) {
  const spans = parsed(context.param("spans")), counters = parsed(context.param("counter"));
  const where = path("search", "text", context.corpus.name, context.run.name, context.part);
  const at = /^(\d{1,8})\.(\d{1,12})$/.exec(context.param("at"));
  let row = Math.min(at ? +at[1] : spans[0]?.row ?? 0, traced.rows - 1);
  let step = Math.min(at ? +at[2] : Math.max(0, (spans[0]?.start ?? 0) - 200), traced.row_chars - 1);
  let search = new AbortController();
  context.signal.addEventListener("abort", () => search.abort());

  const text = selectable((span, isCounter) => add(span, isCounter || counterMode.getAttribute("aria-pressed") === "true"), turn);
  const onMode = h("button", { type: "button", "aria-pressed": "true", onclick: () => mode(false) }, "On here");
  const counterMode = h("button", { type: "button", "aria-pressed": "false", onclick: () => mode(true) }, "Off here");
  const chips = h("ul.chips", { "aria-label": "Spans" });
  const jump = h("input", { type: "text", size: "12", value: "", inputmode: "decimal", pattern: "\\d+(\\.\\d+)?", "aria-label": "Row, or row.step" });
  const found = h("section.found", { "aria-label": "Units", "aria-live": "off" });
  const elsewhere = h("section.elsewhere", { "aria-label": "Other places" });
  const before = h("button.quiet", { type: "button", onclick: () => turn(-1) }, "← Before");
  const after = h("button.quiet", { type: "button", onclick: () => turn(1) }, "After →");

  function mode(/** @type {boolean} */ isCounter) {
    onMode.setAttribute("aria-pressed", String(!isCounter));
    counterMode.setAttribute("aria-pressed", String(isCounter));
  }
  function add(/** @type {Span} */ span, /** @type {boolean} */ isCounter) {
    (isCounter ? counters : spans).push(span);
    changed();
  }
  function changed() {
    context.set({ by: "spans", spans: written(spans), counter: written(counters), units: null, page: null });
    text.mark(spans, counters);
    list();
    run();
  }
  const excerpts = new Map();
  async function list() {
    const chip = (/** @type {Span[]} */ some, /** @type {string} */ kind) => some.map((span, place) => {
      const words = h("span.words", {}, excerpts.get(written([span])) ?? "…");
      if (!excerpts.has(written([span])))
        get(where, { row: span.row, step: span.start, chars: Math.min(60, span.stop - span.start) }, context.signal)
          .then((answer) => { excerpts.set(written([span]), answer.text); words.textContent = answer.text; })
          .catch((error) => { if (!isAborted(error)) words.textContent = "not in the text"; });
      return h(`li.chip.${kind}`, {}, h("span.kind", {}, kind), words, h("span.note", {}, `${span.row}.${span.start}`),
        h("button.quiet", { type: "button", "aria-label": `Remove ${kind} span at ${span.row}.${span.start}`, onclick: () => { some.splice(place, 1); changed(); } }, "×"));
    });
    chips.replaceChildren(...chip(spans, "on"), ...chip(counters, "off"));
    chips.hidden = !spans.length && !counters.length;
  }
  async function turn(/** @type {number} */ by) {
    step += by * WINDOW_CHARS;
    if (step >= traced.row_chars && row < traced.rows - 1) [row, step] = [row + 1, 0];
    else if (step < 0 && row > 0 && step <= -WINDOW_CHARS) [row, step] = [row - 1, Math.max(0, traced.row_chars - WINDOW_CHARS)];
    step = Math.max(0, Math.min(step, traced.row_chars - 1));
    context.set({ at: `${row}.${step}` });
    await stretch();
  }
  async function stretch() {
    try {
      text.show(await get(where, { row, step, chars: WINDOW_CHARS }, context.signal));
      text.mark(spans, counters);
      jump.value = `${row}.${step}`;
      before.disabled = row === 0 && step === 0;
      after.disabled = row === traced.rows - 1 && step + WINDOW_CHARS >= traced.row_chars;
    } catch (error) {
      if (!isAborted(error)) text.element.replaceChildren(refused(error));
    }
  }
  function jumped(/** @type {Event} */ event) {
    event.preventDefault();
    const [, r, s] = /^(\d{1,8})(?:\.(\d{1,12}))?$/.exec(jump.value.trim()) ?? [];
    if (r === undefined) return void (jump.value = `${row}.${step}`);
    row = Math.min(+r, traced.rows - 1);
    step = Math.min(+(s ?? 0), traced.row_chars - 1);
    context.set({ at: `${row}.${step}` });
    stretch();
  }

  async function run() {
    search.abort();
    search = new AbortController();
    const mine = search.signal;
    elsewhere.replaceChildren();
    if (!spans.length) return void found.replaceChildren(h("div.empty", {}, h("h2", {}, counters.length ? "Say where units are to be on" : "Nothing pointed at yet"),
      h("p.note", {}, "Drag over some characters: a name, what is in quotes, the end of a line. The units that are on there, and off in the 30 characters on either side, come first. Short spans are fitted by many units; give more than one, or say where units are to be off.")));
    const work = working("Searching");
    found.replaceChildren(loading("Searching"));
    found.setAttribute("aria-busy", "true");
    const body = { corpus: context.corpus.name, run: context.run.name, part: context.part, spans, counter_spans: counters };
    const index = path("search", "index", context.corpus.name, context.run.name, context.part);
    try {
      const answer = await heard(post("/api/search/spans", body, mine), () => get(index, {}, mine), (share) => {
        if (share >= 1) return;
        if (!work.element.isConnected) found.replaceChildren(work.element);
        work.told(share, "Making the index of this network's units, once");
      });
      const asked = context.param("units").split(",").filter((name) => /^\d+\.\d+$/.test(name)).slice(0, 20);
      const fit = answer.units.filter((/** @type {any} */ u) => u.fits);
      const chosen = new Set(asked.length ? asked : (fit.length ? fit : answer.units).slice(0, fit.length ? CHOSEN_FIRST : 1).map((/** @type {any} */ u) => `${u.layer}.${u.unit}`));
      const others = places(elsewhere, context, body);
      found.replaceChildren(h("h2", {}, answer.units_that_fit ? `${whole(answer.units_that_fit)} of ${whole(answer.units.length)} units fit` : "No unit fits"),
        h("p.reading", {}, answer.reading), chance(answer),
        spanTable(context, answer, chosen, () => { context.set({ units: [...chosen].join(","), page: null }); others([...chosen], 0); }),
        h("details", {}, h("summary", {}, "How to read this"), answer.caveats.map((/** @type {string} */ each) => h("p.note", {}, each))));
      say(answer.reading);
      others([...chosen], Number(context.param("page", "0")) || 0);
    } catch (error) {
      if (!isAborted(error)) found.replaceChildren(refused(error));
    } finally {
      if (!mine.aborted) found.removeAttribute("aria-busy");
    }
  }

  box.replaceChildren(h("div.pointing", {},
    h("section.source", { "aria-label": "Text" },
      h("div.row.tools", {}, h("span.segments", { role: "group", "aria-label": "What a span says" }, onMode, counterMode),
        h("form.row", { onsubmit: jumped }, field("Row.step", jump), h("button.quiet", { type: "submit" }, "Jump")), h("span.pages", {}, before, after)),
      chips, text.element,
      h("p.note#pointing-help", {}, "Drag to take a span, or ", h("kbd", {}, "←→↑↓"), " with ", h("kbd", {}, "Shift"), " and ", h("kbd", {}, "Enter"), "; with ", h("kbd", {}, "Alt"), " a span where units are to be off. ", h("kbd", {}, "Page Up"), " and ", h("kbd", {}, "Page Down"), " turn.")),
    found), elsewhere);
  list();
  await stretch();
  if (!context.signal.aborted) run();
}

/** How many units fit beside how many do by chance, as two bars. @param {any} answer */
function chance(answer) {
  const most = Math.max(1, answer.units_that_fit, answer.units_that_fit_at_95_percent_of_places);
  const bar = (/** @type {string} */ words, /** @type {number} */ count, /** @type {string} */ kind) => {
    const line = h(`span.line.${kind}`);
    line.style.width = `${(100 * count) / most}%`;
    return [h("dt", {}, words), h("dd", {}, h("span.track", {}, line), h("span", {}, Number.isInteger(count) ? whole(count) : count.toFixed(1)))];
  };
  return h("dl.chance", {}, bar("fit here", answer.units_that_fit, "here"), bar("at a random place", answer.units_that_fit_by_chance, "null"),
    bar("at 95 % of them at most", Math.round(answer.units_that_fit_at_95_percent_of_places), "null"));
}
