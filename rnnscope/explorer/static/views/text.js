// @ts-check
// The view of text: lines coloured by a unit, by surprise or by a track; one pane or two. Here is what its address
// says and what keys do; the sheet draws, the store fetches, the panel tells of one place.

import { h, say } from "../lib/dom.js";
import { link } from "../lib/link.js";
import { isAborted, lacking, progress, untraced } from "../lib/states.js";
import { stateOf } from "./text_address.js";
import { legend, paneControls, sheetControls } from "./text_controls.js";
import { fillPanel } from "./text_panel.js";
import { sheet } from "./text_sheet.js";
import { textStore } from "./text_store.js";

/** @param {HTMLElement} main @param {import("../app.js").Context} context */
export async function open(main, context) {
  const { part, signal } = context;
  let { corpus } = context;
  const store = textStore(corpus.name, part, signal, () => { drawn?.due(); legends(); }, failed);
  const places = new Set();
  let state = stateOf(context), active = 0, addressDue = 0, factsDue = 0;
  let chosen = -1, hovered = -1;
  /** @type {(() => void) | null} writes the unit that was flipped to into the address */
  let unsaid = null;
  /** @type {AbortController | undefined} */
  let asking;
  /** @type {ReturnType<typeof sheet> | undefined} */
  let drawn;
  const paneRows = h("div.pane-rows"), sheetRow = h("div.sheet-row"), controls = h("div.controls", {}, paneRows, sheetRow), under = h("div.legends"), told = h("div.told"), place = h("div.place");
  const panel = h("aside.panel", { "aria-label": "This place" }, h("p.note", {}, "Point at a character, or click one."));
  const offer = h("div.offer", { hidden: true });
  main.replaceChildren(h("h1.unseen", {}, `Text of ${corpus.name}`), controls, under, told, h("div.stage", {}, place, panel), offer,
    h("p.note.keys", {}, h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " unit · ", h("kbd", {}, "↑"), " ", h("kbd", {}, "↓"), " layer · ", h("kbd", {}, "Shift"), " + arrows: place · select text to search its units"));

  const sourceOf = (/** @type {any} */ pane) =>
    pane.colour === "surprise" ? store.surprise(pane.predictor) : pane.colour === "unit" ? (pane.trace ? store.units(pane.run.name, pane.site, pane.layer) : null) : store.track(pane.track);
  let scales = "";
  function legends(isNew = false) {
    const now = state.panes.map((pane) => {
      const source = sourceOf(pane);
      return source ? store.scale(source) : undefined;
    });
    if (!isNew && scales === String(now)) return;
    scales = String(now);
    const fill = () => under.replaceChildren(...state.panes.flatMap((pane, index) => (sourceOf(pane) ? [legend(pane, now[index])] : [])), ...state.panes.slice(0, 1).flatMap(awaited));
    if (isNew || !scrollY) fill();
    else stay(fill);
  }

  /** What is above the sheet may grow or shrink: what is read stays where it is. @param {() => void} change */
  function stay(change) {
    const top = place.getBoundingClientRect().top;
    change();
    scrollBy(0, place.getBoundingClientRect().top - top);
  }

  /** That the units' colours come by themselves. @param {any} pane */
  const awaited = (pane) => (pane.awaited ? [h("p.legend.awaited", {}, h("span", {}, "Its units are being traced:"), progress(pane.awaited))] : []);

  /** @param {boolean} [isSheetKept] somebody may be typing into its box */
  function showControls(isSheetKept = false) {
    const choices = { runs: corpus.runs, losses: corpus.losses[part] ?? [], tracks: corpus.tracks };
    const isOpen = controls.querySelector("details")?.open;
    paneRows.replaceChildren(...state.panes.map((pane, index) => paneControls(pane, choices, (values) => changePane(index, values), index ? endComparison : null)));
    if (!isSheetKept) sheetRow.replaceChildren(sheetControls(state, change, jump, compare, isOpen));
    const bare = state.panes.find((pane) => pane.colour === "unit" && !pane.trace && pane.run);
    told.replaceChildren(...(bare ? [lacking(untraced(bare.run, part), "There is no unit to colour by yet.")] : []));
  }

  /** A new address, read again. @param {Record<string, any>} values */
  function change(values, isDrawnAnew = true) {
    context.set(values);
    state = stateOf(context);
    showControls();
    colourPanes();
    if (isDrawnAnew) build();
    else repaint();
  }

  /** @param {number} index @param {any} values */
  function changePane(index, { flip: by, layer, unit, ...others }) {
    active = index;
    const pane = state.panes[index];
    if (by) return flip(by);
    const named = Object.fromEntries(Object.entries(others).map(([name, value]) => [name + pane.mark, value]));
    if (layer) named[`unit${pane.mark}`] = `${layer}.${pane.unit}`;
    if (Number.isInteger(unit)) named[`unit${pane.mark}`] = `${pane.layer}.${Math.max(0, Math.min(pane.units - 1, unit))}`;
    change(named, false);
  }

  function colourPanes() {
    if (drawn?.panes.length !== state.panes.length) return;  // a sheet that is being replaced
    drawn.panes.forEach((each, index) => {
      each.coloured = { source: sourceOf(state.panes[index]), unit: state.panes[index].colour === "unit" ? state.panes[index].unit : 0 };
    });
  }

  function repaint() {
    drawn?.paint();
    legends(true);
    facts();
  }

  /** Another unit: new colours at once, the address and the panel's numbers when the key rests. @param {number} by */
  function flip(by) {
    const pane = state.panes[active] ?? state.panes[0];
    if (pane.colour !== "unit" || !pane.units) return;
    pane.unit = (pane.unit + by + pane.units) % pane.units;
    if (pane.unitInput) pane.unitInput.value = String(pane.unit);
    colourPanes();
    drawn?.paint();
    legends(true);
    clearTimeout(addressDue);
    unsaid = () => {
      unsaid = null;
      clearTimeout(addressDue);
      context.set({ [`unit${pane.mark}`]: `${pane.layer}.${pane.unit}` });
    };
    addressDue = window.setTimeout(() => {
      unsaid?.();
      say(`Unit ${pane.layer}.${pane.unit}`);
      facts();
    }, 180);
  }
  signal.addEventListener("abort", () => clearTimeout(addressDue));
  document.addEventListener("answered", () => drawn?.due(), { signal });  // what was cut off is asked for again

  /** @param {number} by */
  function flipLayer(by) {
    const pane = state.panes[active] ?? state.panes[0];
    const layer = pane.layer + by;
    if (pane.colour !== "unit" || !pane.layers.includes(layer)) return;
    changePane(state.panes.indexOf(pane), { layer });
    say(`Layer ${layer}`);
  }

  function compare() {
    const [pane] = state.panes;
    const other = corpus.runs.find((/** @type {any} */ each) => each !== pane.run && each.traces[part]);
    if (pane.colour === "unit" && pane.units > 1) change({ unit2: `${pane.layer}.${(pane.unit + 1) % pane.units}`, run2: pane.run?.name });
    else change({ run2: other?.name ?? pane.run?.name, colour2: pane.colour });
  }
  const endComparison = () => { active = 0; change({ unit2: null, run2: null, site2: null, colour2: null, predictor2: null }); };

  const parts = (/** @type {number} */ at) => [Math.floor(at / (drawn?.layout.rowChars ?? 1)), at % (drawn?.layout.rowChars ?? 1)];

  /** What is known of the place under the pointer, else of the chosen one. */
  function facts() {
    clearTimeout(factsDue);
    factsDue = window.setTimeout(async () => {
      const at = hovered >= 0 ? hovered : chosen;
      if (at < 0) return;
      const [row, step] = parts(at);
      asking?.abort();
      asking = new AbortController();
      const of = asking.signal;
      try {
        const networks = await Promise.all(state.panes.map(async (pane) => {
          const found = await store.at({ row, step, run: pane.run?.name, layer: pane.layer, unit: pane.unit }, of);
          return { facts: found, pane, links: links(pane, row, step) };
        }));
        // two units of one network expect the same
        if (!of.aborted) fillPanel(panel, row, step, networks, at === hovered && at !== chosen);
      } catch (error) {
        failed(error);
      }
    }, 30);
  }

  /** @param {any} pane @param {number} row @param {number} step */
  function links(pane, row, step) {
    if (!pane.trace) return null;
    const values = { run: pane.run.name, unit: `${pane.layer}.${pane.unit}` };
    return [link(context, "units", values, "Card"), link(context, "teach", { ...values, at: `${row}.${step}` }, "Step through"), link(context, "live", values, "Clamp it")];
  }

  /** @param {number} at @param {number} [chars] */
  function choose(at, chars = 1, isSaid = true) {
    landings++;
    chosen = at;
    drawn?.mark(1, at, chars);
    if (isSaid) context.set({ at: at < 0 ? null : parts(at).join(".") });
    facts();
  }

  /** @param {string} words */
  async function jump(words) {
    if (!drawn || !words.trim()) return;
    const { rows, rowChars, chars } = drawn.layout;
    const [, row, step] = (words.match(/^\s*(\d+)[.\s]\s*(\d+)\s*$/) ?? []).map(Number);
    const share = words.match(/^\s*(\d+(?:\.\d+)?)\s*%\s*$/);
    told.replaceChildren();
    if (share) return land(Math.min(chars - 1, Math.floor((chars * Number(share[1])) / 100)));
    if (row !== undefined) {
      if (row < rows && step < rowChars) return land(row * rowChars + step);
      return told.replaceChildren(h("p.notice", { role: "status" }, `There are ${rows} rows of ${rowChars} characters, numbered from 0.`));
    }
    try {
      const [here, there] = parts(Math.max(0, chosen));
      const found = await store.find({ text: words, row: here, step: there });
      land(found.row * rowChars + found.step, found.chars);
      if (found.is_from_start) say("Found from the start again");
    } catch (error) {
      failed(error);
    }
  }

  /** @param {number} at @param {number} [chars] */
  async function land(at, chars = 1) {
    hovered = -1;
    const mine = ++landings;
    await drawn?.show(at);
    if (mine === landings && !signal.aborted) choose(at, chars);
  }

  /** @param {unknown} error */
  function failed(error) {
    if (isAborted(error) || signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    if (places.has(message)) return;
    if (/traced|beyond|numbered from 0/.test(message)) places.add(message);  // said once: the same tile is asked for again and again
    told.replaceChildren(lacking(error));
  }

  let builds = 0, landings = 0;
  async function build() {
    const mine = ++builds;
    const kept = drawn && drawn.layout.starts.length ? drawn.layout.starts[drawn.seen[0]] : -1;
    const room = place.clientWidth;
    const made = sheet(store, { panes: state.panes.length, size: state.size, columns: state.columns, white: state.white, labels: state.panes.map((pane) => pane.label), room });
    const layout = await store.layout(made.columns);
    if (mine !== builds || signal.aborted) return;
    drawn = made;
    made.lay(layout);
    place.replaceChildren(made.element);
    measureHeight();
    listen(made);
    colourPanes();
    const [row, step] = context.param("at").split(".").map(Number);
    const asked = row < layout.rows && step < layout.rowChars ? row * layout.rowChars + step : -1;
    chosen = asked;
    if (kept >= 0 || asked >= 0) made.show(kept >= 0 ? kept : asked, { isAtOnce: true });
    made.draw();
    made.mark(1, chosen);
    legends(true);
    facts();
  }

  function measureHeight() {
    if (drawn) drawn.element.style.height = `${Math.max(260, innerHeight - place.getBoundingClientRect().top - scrollY - 44)}px`;
  }

  /** @param {ReturnType<typeof sheet>} made */
  function listen(made) {
    made.element.addEventListener("pointermove", (event) => {
      const at = made.hit(event)?.place ?? -1;
      if (at === hovered) return;
      hovered = at;
      made.mark(0, at);
      facts();
    });
    made.element.addEventListener("pointerleave", () => { hovered = -1; made.mark(0, -1); facts(); });
    made.element.addEventListener("click", (event) => {
      const found = made.hit(event);
      if (!found || made.selected()) return;
      active = found.pane;
      choose(found.place);
    });
  }

  document.addEventListener("selectionchange", () => {
    const span = drawn?.selected();
    const [row, step] = span ? parts(span.from) : [0, 0];
    offer.hidden = !span || !state.panes[0].trace;
    if (!span || offer.hidden) return;
    const pane = state.panes[0];
    offer.replaceChildren(h("span", {}, `${span.to - span.from} characters selected`),
      link(context, "search", { run: pane.run.name, spans: `${row}.${step}-${Math.min(step + span.to - span.from, drawn?.layout.rowChars ?? 0)}` }, "Search units for this span"));
  }, { signal });

  document.addEventListener("keydown", (event) => {
    const on = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || on.closest("input, select, textarea, nav, .panel [tabindex]")) return;
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    if (event.shiftKey) move(x, y);
    else if (x) flip(x);
    else flipLayer(y);
  }, { signal });

  /** The chosen place, a character or a line further. @param {number} x @param {number} y */
  function move(x, y) {
    if (!drawn) return;
    const { starts, chars } = drawn.layout;
    let at = chosen < 0 ? starts[drawn.seen[0]] : chosen + x;
    if (y && chosen >= 0) {
      const line = drawn.lineOf(chosen);
      const to = Math.max(0, Math.min(starts.length - 1, line + y));
      at = Math.min(starts[to] + chosen - starts[line], drawn.end(to) - 1);
    }
    at = Math.max(0, Math.min(chars - 1, at));
    hovered = -1;
    drawn.show(at, { isGentle: true });
    choose(at);
  }

  /** Records have changed: new colours where one waited for them, and everything where it was. */
  document.addEventListener("library", (event) => {
    context = { .../** @type {CustomEvent} */ (event).detail, signal };
    corpus = context.corpus;
    const waited = state.panes.some((pane) => pane.awaited);
    unsaid?.();
    state = stateOf(context);
    stay(() => {
      showControls(true);
      colourPanes();
      repaint();
    });
    if (waited && !state.panes[0].awaited) say(state.panes[0].trace ? `The units are there: coloured by unit ${state.panes[0].layer}.${state.panes[0].unit}` : "The units could not be traced");
  }, { signal });

  document.addEventListener("scheme", () => { drawn?.recolour(); legends(true); facts(); }, { signal });
  let wide = innerWidth;
  addEventListener("resize", () => {
    measureHeight();
    if (innerWidth !== wide) build();
    wide = innerWidth;
    drawn?.due();
  }, { signal });

  showControls();
  await build();
  return {
    changed(/** @type {import("../app.js").Context} */ now) {
      if (now.corpus !== corpus || now.part !== part || now.run !== context.run) return now.go("text", Object.fromEntries(new URLSearchParams(location.search)));
      state = stateOf(now);
      showControls();
      build();
    },
  };
}
