// @ts-check
// Live: a network reads what is typed and writes on, with units held at will. Which unit, text, and held values are
// in the address. Knows how things are laid out; what a network does is said by /api/live.

import { get, path } from "../lib/api.js";
import { h, say, select } from "../lib/dom.js";
import { fixed, signed } from "../lib/numbers.js";
import { empty } from "../lib/states.js";
import { next } from "./live_next.js";
import { conversation } from "./live_socket.js";
import { forNetwork, forPeople, typed } from "./live_typed.js";
import { holds, holdsText, parsedHolds, REACH, strip, whyNot } from "./live_units.js";
import { FULL_NATS, writings } from "./live_writing.js";

const MOST_TEXT = 3000;
const LENGTHS = ["200", "400", "1000", "4000", "10000"];
const REST_MS = 160;
const GONE = "The explorer has stopped answering; once it runs again, this goes on by itself.";

/** @param {HTMLElement} main @param {import("../app.js").Context} context */
export async function open(main, context) {
  const { corpus, run, param, set, signal } = context;
  if (!run) return main.replaceChildren(empty("No network yet", "This corpus has no finished run; training one makes this view work."));
  const where = path("live", corpus.name, run.name);
  const facts = await get(where, {}, signal);
  if (facts.why_not) return main.replaceChildren(empty("No network runs here", `${facts.why_not[0].toUpperCase()}${facts.why_not.slice(1)}.`));

  const held = parsedHolds(facts, param("clamp"));
  let unit = whyNot(facts, param("unit")) ? "" : param("unit");
  let by = param("by") === "surprise" || !facts.layers ? "surprise" : "unit";
  let temperature = bounded(param("temperature"), 0, 2, 0.7), seed = Math.trunc(bounded(param("seed"), 0, 2 ** 53, 0));
  let chars = LENGTHS.includes(param("chars")) ? param("chars") : "400";
  /** What the network made of the text, symbol by symbol. */
  const read = { text: "", nats: /** @type {(number | null)[]} */ ([]), ids: /** @type {number[][]} */ ([]), chances: /** @type {number[][]} */ ([]), units: /** @type {Int8Array[][]} */ ([]) };
  let isWriting = false, isLost = false, waits = 0, noted = 0;
  const reader = conversation(where, connected), writer = conversation(where, connected);

  const problem = h("p.problem", { role: "alert" }), left = h("p.note", { role: "status" });
  const text = typed(facts, (param("prime") || forPeople(facts.prime)).slice(0, MOST_TEXT), MOST_TEXT, { typed: () => { note(); ask(); stale(); }, moved: () => show() });
  const likely = next(facts.symbols);
  const cells = strip(facts, choose);
  const holding = holds(facts, held, (isMoving) => { note(); focus(); later(isMoving, () => { ask(); write(); }); }, card);
  const watched = h("div.watched");
  const out = writings();
  const button = h("button.primary.write", { type: "button", onclick: () => (isWriting ? stop() : write()) }, "Write");
  const colours = select([...(facts.layers ? [/** @type {[string, string]} */ (["unit", "the unit"])] : []), ["surprise", "surprise"]], by, (value) => {
    by = value;
    note();
    paint();
  });
  const heat = h("output", {}, fixed(temperature));
  const controls = h("div.row.controls", {},
    button,
    h("label.field", {}, h("span", {}, "Temperature"), h("input", { type: "range", min: 0, max: 1.5, step: 0.05, value: temperature,
      oninput: (/** @type {any} */ e) => { temperature = Number(e.target.value); heat.textContent = fixed(temperature); note(); later(true, write); } }), heat),
    h("label.field", {}, h("span", {}, "Seed"), h("input.seed", { type: "number", min: 0, max: 2 ** 53, step: 1, value: seed,
      onchange: (/** @type {any} */ e) => { seed = Math.trunc(bounded(e.target.value, 0, 2 ** 53, 0)); note(); write(); } })),
    h("label.field", {}, h("span", {}, "Characters"), select(LENGTHS, chars, (value) => { chars = value; note(); write(); })));

  main.replaceChildren(
    h("h1", {}, "Live"),
    h("div.desk", {},
      h("section.typing", {},
        h("div.row.head", {}, h("h2", {}, "Type, and it reads along"), h("label.field", {}, h("span", {}, "Coloured by"), colours)),
        text.element, left, problem),
      likely.element,
      facts.layers > 0 && h("section.units", {}, h("h2", {}, "Every unit at this character"), cells.element, watched)),
    facts.layers > 0 ? h("section.held", {}, h("h2", {}, "Hold units"), holding.element) : h("p.notice", {}, `${facts.why_no_units}.`),
    h("section.write-on", {}, h("h2", {}, "Let it write on"), controls, out.element));
  const escape = (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape" && isWriting) stop(); };
  const repaint = () => { paint(); out.paint(by); };
  document.addEventListener("keydown", escape);
  document.addEventListener("scheme", repaint);
  document.addEventListener("answered", () => isLost && ask(), { signal });
  focus();
  show();
  left.textContent = "Waking the network …";
  ask();
  write();
  return { close };

  function close() {
    clearTimeout(waits);
    clearTimeout(noted);
    document.removeEventListener("keydown", escape);
    document.removeEventListener("scheme", repaint);
    text.close();
    reader.close();
    writer.close();
  }

  /** The address says it all, a moment later: typing would change it too often. */
  function note() {
    clearTimeout(noted);
    noted = setTimeout(() => set({
      prime: text.text === forPeople(facts.prime) ? null : text.text, clamp: holdsText(held), temperature: temperature === 0.7 ? null : temperature,
      seed: seed || null, chars: chars === "400" ? null : chars, unit, by: by === "surprise" && facts.layers ? by : null,
    }), 300);
  }

  /** @param {boolean} waitsFirst @param {() => void} then */
  function later(waitsFirst, then) {
    clearTimeout(waits);
    if (waitsFirst) waits = setTimeout(then, REST_MS);
    else then();
  }

  function asHolds() {
    return [...held].map(([name, value]) => ({ unit: name, value }));
  }

  function ask() {
    reader.ask({ kind: "read", text: forNetwork(facts, text.text), holds: asHolds(), likeliest: 8 }, (answer) => {
      if (answer.kind === "refused") {
        left.textContent = "";
        return void (problem.textContent = answer.error);
      }
      if (answer.kind === "cut") return void (left.textContent = "");
      problem.textContent = "";
      if (answer.kind === "done") left.textContent = answer.note && `${answer.note[0].toUpperCase()}${answer.note.slice(1)}.`;
      if (answer.kind !== "read") return paint();
      const from = answer.first;
      for (const each of [read.nats, read.ids, read.chances, read.units]) each.length = from;
      read.text = read.text.slice(0, from) + answer.text;
      read.nats.push(...answer.nats);
      read.ids.push(...answer.likeliest);
      read.chances.push(...answer.chances);
      const layers = answer.units.map(unpacked);
      for (let step = 0; step < answer.nats.length; step++)
        read.units.push(layers.map((/** @type {Int8Array} */ each) => each.subarray(step * facts.hidden, (step + 1) * facts.hidden)));
    });
  }

  function show() {
    const at = Math.min(text.symbol, read.nats.length - 1);
    if (at < 0) return likely.show([], [], "", null);
    likely.show(read.ids[at], read.chances[at], read.text[at], read.nats[at]);
    cells.show(read.units[at] ?? null, unit, held);
    value.textContent = unit ? signed(valueAt(at)) : "";
  }

  function paint() {
    text.paint((symbol) => symbol >= read.nats.length ? null : by === "surprise" ? (read.nats[symbol] ?? 0) / FULL_NATS : unit ? valueAt(symbol) : null);
    show();
  }

  /** @param {number} symbol */
  function valueAt(symbol) {
    const [layer, index] = unit.split(".").map(Number);
    return (read.units[symbol]?.[layer - 1]?.[index] ?? 0) / 127;
  }

  /** @param {string} name */
  function choose(name) {
    unit = name;
    if (by !== "unit") colours.value = by = "unit";
    note();
    focus();
    paint();
    write();
  }

  function stale() {
    if (isWriting) stop();
    out.say("The text above has changed: write again.");
  }

  function write() {
    clearTimeout(waits);
    const start = forNetwork(facts, text.text) || facts.symbols.find((/** @type {string} */ each) => each === "\n") || facts.symbols[0];
    out.begin(text.text, held);
    busy(true);
    writer.ask({ kind: "write", prime: start, chars: Number(chars), temperature, seed, holds: asHolds(), watch: unit || null }, (answer) => {
      if (answer.kind === "written") out.add(answer, by);
      else if (answer.kind === "change") out.change(answer);
      else {
        if (answer.kind === "done") out.done(answer.note);
        else out.say(answer.kind === "refused" ? answer.error : `Stopped after ${out.chars} characters.`);
        busy(false);
      }
    });
  }

  function stop() {
    writer.stop();
  }

  /** One line, whichever of the two conversations is cut; the shell says when the explorer is back. @param {boolean} isThere */
  function connected(isThere) {
    if (isLost === !isThere) return;
    isLost = !isThere;
    problem.textContent = isLost ? GONE : "";
  }

  /** @param {boolean} is */
  function busy(is) {
    isWriting = is;
    button.textContent = is ? "Stop" : "Write";
    out.element.toggleAttribute("aria-busy", is);
    if (!is) say("The network has stopped writing");
  }

  /** @param {string} name */
  function card(name) {
    const to = { unit: name };
    return h("a", { href: context.href("units", to), onclick: (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      context.go("units", to);
    } }, name);
  }

  /** What can be done with the unit that is looked at. */
  function focus() {
    if (!unit) return watched.replaceChildren(h("p.note", {}, "Press a unit: the text takes its colours, and it can be held."));
    watched.replaceChildren(h("p", {}, "Unit ", card(unit), " is ", value, " here."),
      held.has(unit) ? h("span.note", {}, `Held at ${signed(held.get(unit))}.`)
        : h("div.row", {}, hold(REACH - 0.04), hold(-REACH + 0.04)));
  }

  /** @param {number} to */
  function hold(to) {
    return h("button", { type: "button", onclick: () => {
      held.set(unit, Number(to.toFixed(2)));
      holding.fill();
      note();
      focus();
      ask();
      write();
    } }, `Hold it at ${signed(to)}`);
  }
}

const value = h("output");

/** @param {string} base64 */
function unpacked(base64) {
  return Int8Array.from(atob(base64), (each) => each.charCodeAt(0));
}

/** @param {string} text @param {number} low @param {number} high @param {number} otherwise */
function bounded(text, low, high, otherwise) {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? Math.max(low, Math.min(high, value)) : otherwise;
}
