// @ts-check
// The view of units: the gallery, the card that is open beside it, and how the address says both. What only the
// trace tells is still measured when the view opens: tiles and card are drawn again once it is there.

import { get, path } from "../lib/api.js";
import { h, say } from "../lib/dom.js";
import { link } from "../lib/link.js";
import { percent, whole } from "../lib/numbers.js";
import { commandBox, isAborted } from "../lib/states.js";
import { cardView } from "./units_card.js";
import { controls, countOf, nameOf, tile, wantedOf, wantedUnits } from "./units_gallery.js";

const POLL_MS = 700;
const FIRST_TILES = 240;

/** @param {HTMLElement} main @param {import("../app.js").Context} first */
export async function open(main, first) {
  let context = first;
  const { corpus, run, part, signal } = first;
  const names = [corpus.name, run?.name ?? ""];
  let shown = await get(path("units", ...names), { part }, signal);
  let found = /** @type {any[]} */ ([]);
  let most = FIRST_TILES;
  let opened = "";
  let timer = 0;

  const bar = h("div.units-bar");
  const status = h("p.note.measuring", { role: "status" });
  const tiles = h("div.tiles", { role: "list", "aria-label": "Units" });
  const more = h("button.quiet", { type: "button", hidden: true, onclick: () => { most += FIRST_TILES * 4; draw(); } }, "Show more");
  const gallery = h("section.gallery", { "aria-label": "Gallery" }, tiles, more);
  const card = h("section.card-pane", { "aria-label": "Card", tabindex: "-1" });
  const layout = h("div.units-layout", {}, gallery, card);

  const draw = () => {
    const wanted = wantedOf(context.param);
    found = wantedUnits(shown.units, wanted);
    const items = found.slice(0, most).map((unit) => h("div", { role: "listitem" },
      tile(unit, shown, wanted, context.href("units", address({ unit: nameOf(unit) })), nameOf(unit) === opened, () => show(nameOf(unit), true))));
    tiles.replaceChildren(...(items.length ? items : [h("p.note", {}, "No unit is like that. ", h("button.quiet", { type: "button", onclick: () => change({ layer: null, role: null, text: null }) }, "Show all"))]));
    more.hidden = found.length <= most;
    layout.classList.toggle("open", opened !== "");
    counted.textContent = countOf(found, shown, wanted);
    step();
  };
  /** All that the address of this view holds. @param {Record<string, any>} changes */
  const address = (changes) => ({ ...Object.fromEntries(["sort", "turned", "layer", "role", "text"].map((name) => [name, context.param(name)])), ...changes });
  const counted = h("span.note");
  /** @param {Record<string, any>} changes */
  function change(changes) {
    context.set(changes);
    most = FIRST_TILES;
    if (!("text" in changes) || changes.text === null) head();
    draw();
    say(counted.textContent ?? "");
  }
  function head() {
    bar.replaceChildren(controls(shown, wantedOf(context.param), change), h("div.row.about", {}, counted, link(context, "gates", {}, "Gates of this network")));
  }

  const before = h("button.quiet", { type: "button", title: "Key k", onclick: () => neighbour(-1) }, "← Previous");
  const after = h("button.quiet", { type: "button", title: "Key j", onclick: () => neighbour(1) }, "Next →");
  function step() {
    const at = found.findIndex((unit) => nameOf(unit) === opened);
    before.disabled = at <= 0;
    after.disabled = at < 0 || at >= found.length - 1;
    return at;
  }
  /** @param {number} by */
  function neighbour(by) {
    const next = found[step() + by];
    if (next && opened) show(nameOf(next), false, true);
  }

  /** @param {string} name @param {boolean} push @param {boolean} [keeps] whether it stays where the reader is */
  async function show(name, push, keeps = false) {
    context.set({ unit: name }, push);
    opened = name;
    for (const each of tiles.querySelectorAll(".tile")) {
      const isOpen = /** @type {HTMLElement} */ (each).dataset.unit === name;
      if (isOpen) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    layout.classList.toggle("open", name !== "");
    const current = tiles.querySelector("[aria-current]");
    if (!name) return closed();
    await fill(name);
    if (name !== opened) return;
    current?.scrollIntoView({ block: "nearest" });
    if (!keeps && push) card.focus({ preventScroll: true });
    if (push) card.scrollIntoView({ block: "nearest" });
    step();
  }
  function closed() {
    card.replaceChildren();
    step();
    gallery.querySelector("a")?.focus({ preventScroll: true });
  }
  /** @param {string} name */
  async function fill(name) {
    const [layer, unit] = name.split(".");
    const close = h("button.quiet", { type: "button", title: "Escape", onclick: () => show("", true) }, "All units");
    const navigation = h("div.row.steps", { role: "group", "aria-label": "From card to card" }, close, before, after);
    try {
      const known = await get(path("units", ...names, layer, unit ?? ""), { part }, signal);
      if (name === opened) card.replaceChildren(navigation, cardView(known, context, (other) => show(other, true)));
    } catch (error) {
      if (isAborted(error) || name !== opened) return;
      card.replaceChildren(navigation, h("p.notice", { role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** Waits for what is measured, and shows it once it is there. */
  async function poll() {
    if (signal.aborted || shown.measuring.is_over) return progress(shown.measuring);
    progress(shown.measuring);
    try {
      const now = await get(path("units", ...names, "progress"), { part }, signal);
      if (now.is_over) await again();
      else shown.measuring = now;
    } catch (error) {
      if (isAborted(error)) return;
    }
    timer = window.setTimeout(poll, POLL_MS);
  }
  async function again() {
    shown = await get(path("units", ...names), { part }, signal);
    if (!bar.contains(document.activeElement)) head();
    draw();
    if (opened) await fill(opened);
  }
  function progress(/** @type {any} */ measuring) {
    status.hidden = measuring.is_over && !measuring.failed;
    status.replaceChildren(...(measuring.failed ? [`Could not be measured: ${measuring.failed}`]
      : [h("span.spinner", { "aria-hidden": "true" }), ` Measuring ${whole(shown.units.length)} units over ${whole(shown.text_chars)} characters: `, h("progress", { max: "1", value: measuring.share, "aria-label": "Measured" }), ` ${percent(measuring.share, 0)}`]));
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.target instanceof Element && event.target.closest("input, select, textarea")) return;
    if (event.metaKey || event.ctrlKey || event.altKey || !opened) return;
    if (event.key === "j") neighbour(1);
    else if (event.key === "k") neighbour(-1);
    else if (event.key === "Escape") show("", true);
  }
  document.addEventListener("keydown", key, { signal });
  const appeared = () => again().catch(() => {});
  document.addEventListener("library", appeared, { signal });

  opened = /^\d+\.\d+$/.test(context.param("unit")) ? context.param("unit") : "";
  head();
  main.replaceChildren(h("div.units-head", {}, h("h1", {}, "Units"), h("p.note", {}, intro(shown))), roles(shown), bar, status, layout);
  draw();
  if (opened) await fill(opened);
  step();
  poll();
  return {
    changed(/** @type {import("../app.js").Context} */ next) {
      if (next.run !== context.run || next.corpus !== context.corpus || next.part !== part) return next.go("units");
      context = next;
      opened = /^\d+\.\d+$/.test(next.param("unit")) ? next.param("unit") : "";
      head();
      draw();
      if (opened) fill(opened);
      else card.replaceChildren();
    },
    close: () => clearTimeout(timer),
  };
}

/** @param {any} shown */
function intro(shown) {
  const state = shown.state === "tanh_c" ? "tanh(c)" : "h";
  return `A unit's value is its ${state}; the small bars show how often it is where from −1 to +1, the line below it how closely it follows the text beside the reach of its controls (grey).`;
}

/** What is to be done where roles were not looked for. @param {any} shown */
function roles(shown) {
  if (shown.roles.are_known) return h("div", { hidden: true });
  return h("div.notice", {}, h("p", {}, "What these units follow was not looked for yet; all else is shown. This command looks for it:"), commandBox(shown.roles.command));
}
