// @ts-check
// Two texts that a network writes from the same random numbers, with units held and without, and what differs.

import { colour } from "../lib/colours.js";
import { h } from "../lib/dom.js";
import { fixed, signed, visible } from "../lib/numbers.js";

/** Surprise that has the full colour, in nats. */
export const FULL_NATS = 6;

/** A text that grows, each character on a colour. @param {string} title */
function column(title) {
  const head = h("h3", {}, title);
  const text = h("p.writing", { tabindex: "0", "aria-label": title });
  /** @type {{cells: HTMLElement[], values: number[], nats: number[], text: string}} */
  const held = { cells: [], values: [], nats: [], text: "" };
  const element = h("section.voice", {}, head, text);
  return {
    element, held, text,
    title(/** @type {string} */ words) {
      head.textContent = words;
      text.setAttribute("aria-label", words);
    },
    begin(/** @type {string} */ prime) {
      Object.assign(held, { cells: [], values: [], nats: [], text: "" });
      text.replaceChildren(h("span.prime", {}, prime));
    },
    /** @param {any} voice @param {string} by */
    add(voice, by) {
      const characters = Array.from(voice.text);
      held.text += voice.text;
      held.nats.push(...voice.nats);
      held.values.push(...voice.values);
      const from = held.cells.length;
      const fresh = characters.map((character) => h("i", {}, character === "\r" ? "" : character));
      held.cells.push(...fresh);
      paint(from, by);
      text.append(...fresh);
    },
    paint,
  };

  /** @param {number} from @param {string} by */
  function paint(from, by) {
    for (let at = from; at < held.cells.length; at++) {
      const value = by === "surprise" ? held.nats[at] / FULL_NATS : held.values[at];
      held.cells[at].style.background = value === undefined ? "" : colour(value);
    }
  }
}

/** The place to write to. */
export function writings() {
  const alone = column("As it is"), held = column("With units held");
  const note = h("p.note", { role: "status" });
  const said = h("div.change");
  const element = h("div.writings", {}, h("div.voices", {}, alone.element, held.element), note, said);
  let parts = -1, isHeld = false;

  return {
    element,
    get chars() { return held.held.cells.length; },
    /** @param {string} prime @param {Map<string, number>} units */
    begin(prime, units) {
      isHeld = units.size > 0;
      parts = -1;
      alone.element.hidden = !isHeld;
      held.title(isHeld ? `With ${named(units)}` : "As it is");
      for (const each of [alone, held]) each.begin(prime);
      note.textContent = "";
      said.replaceChildren();
    },
    /** @param {any} batch @param {string} by */
    add(batch, by) {
      held.add(batch.held, by);
      if (!batch.alone) return;
      alone.add(batch.alone, by);
      if (parts < 0) mark();
    },
    /** @param {string} by */
    paint(by) {
      for (const each of [alone, held]) each.paint(0, by);
    },
    /** @param {any} change */
    change(change) { said.replaceChildren(changed(change)); },
    /** @param {string} left what of the prime was left out */
    done(left) {
      const [a, b] = [alone.held.text, held.held.text];
      const same = !isHeld ? "" : parts < 0 ? "The two texts are the same." : `The first ${parts} ${parts === 1 ? "character is" : "characters are"} the same.`;
      note.textContent = [same, left && `${left[0].toUpperCase()}${left.slice(1)}.`].filter(Boolean).join(" ");
      if (isHeld && parts >= 0) said.append(counts(a, b));
    },
    /** @param {string} words */
    say(words) { note.textContent = words; },
  };

  /** Where the two texts part. */
  function mark() {
    const [a, b] = [alone.held.text, held.held.text];
    let same = 0;
    while (same < Math.min(a.length, b.length) && a[same] === b[same]) same++;
    const until = same === Math.min(a.length, b.length) ? same : (parts = same);
    for (const { held: { cells } } of [alone, held]) {
      for (const cell of cells.slice(0, until)) cell.classList.add("is-same");
      if (parts >= 0) cells[parts]?.classList.add("parts");
    }
  }
}

/** @param {Map<string, number>} units */
const named = (units) => [...units].map(([unit, value]) => `${unit} at ${signed(value)}`).join(", ");

/** What the held units change, beside what others change. @param {any} change */
function changed({ nats, controls, chars, more, less }) {
  const sorted = [...controls].sort((a, b) => a - b);
  const middle = sorted.length ? (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2 : 0;
  const words = sorted.length
    ? `Other units of the same layers held at the same value, drawn ${sorted.length} times, change them by ${fixed(middle, 3)} (the middle one; ${fixed(sorted[0], 3)} to ${fixed(sorted[sorted.length - 1], 3)}).`
    : "There are no other units to hold.";
  return h("section.effect", {},
    h("h3", {}, "What holding changes"),
    h("p", {}, `Along the text written without, predictions change by `, h("strong", {}, `${fixed(nats, 3)} nats`), ` a character (Kullback–Leibler, ${chars} characters). ${words}`),
    sorted.length > 0 && scatter(nats, sorted),
    h("div.row", {}, chances("More likely", more), chances("Less likely", less)));
}

/** One line with the controls as ticks and the held units as a mark. @param {number} nats @param {number[]} controls */
function scatter(nats, controls) {
  const most = Math.max(nats, controls[controls.length - 1], 1e-9);
  const place = (/** @type {number} */ value) => `${1 + 98 * value / most}%`;
  const line = h("div.scatter", { role: "img", "aria-label": `${fixed(nats, 3)} nats, of 0 to ${fixed(most, 3)}; controls from ${fixed(controls[0], 3)} to ${fixed(controls[controls.length - 1], 3)}` });
  for (const each of controls) line.append(tick("control", place(each)));
  line.append(tick("ours", place(nats)));
  return h("div.scale", {}, line, h("p.note.ends", {}, h("span", {}, "0"), h("span.key", {}, h("i.ours"), "held ", h("i.control"), "other units"), h("span", {}, `${fixed(most, 2)} nats`)));
}

/** @param {string} kind @param {string} left */
function tick(kind, left) {
  const mark = h(`i.${kind}`);
  mark.style.left = left;
  return mark;
}

/** @param {string} title @param {any[]} rows */
const chances = (title, rows) => rows.length === 0 ? null : h("p.chances", {}, h("b", {}, title), ...rows.map((/** @type {any} */ each) =>
  h("span", {}, h("code", {}, each.symbol), ` ${share(each.before)} → ${share(each.after)}`)));
/** @param {number} p */
const share = (p) => `${fixed(100 * p, p < 0.01 ? 2 : 1)} %`;

/** The symbols whose number differs most between two texts. @param {string} a @param {string} b */
function counts(a, b) {
  const of = (/** @type {string} */ text) => Array.from(text).reduce((sum, c) => sum.set(c, (sum.get(c) ?? 0) + 1), /** @type {Map<string, number>} */ (new Map()));
  const [x, y] = [of(a), of(b)];
  // as of a Poisson count: how far apart for how many there are
  const rows = [...new Set([...x.keys(), ...y.keys()])].filter((each) => each !== "\r")
    .map((symbol) => ({ symbol, before: x.get(symbol) ?? 0, after: y.get(symbol) ?? 0 }))
    .map((each) => ({ ...each, far: Math.abs(each.after - each.before) / Math.sqrt(each.after + each.before) }))
    .sort((p, q) => q.far - p.far).slice(0, 5);
  return h("table.counts", {}, h("caption", {}, "Symbols whose number differs most between these two texts"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Symbol"), h("th.n", { scope: "col" }, "As it is"), h("th.n", { scope: "col" }, "Held"))),
    h("tbody", {}, rows.map((each) => h("tr", {}, h("td", {}, h("code", {}, visible(each.symbol))), h("td.n", {}, each.before), h("td.n", {}, each.after)))));
}
