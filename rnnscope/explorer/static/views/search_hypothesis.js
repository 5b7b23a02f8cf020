// @ts-check
// Search by what the text says: a pattern or a track, and the units that follow it.

import { get, heard, path } from "../lib/api.js";
import { field, h, say, select } from "../lib/dom.js";
import { percent, whole } from "../lib/numbers.js";
import { isAborted, refused, working } from "../lib/states.js";
import { hypothesisTable } from "./search_units.js";

const EXAMPLES = { prose: ["“[^”]*", "\\b[A-Z]\\w+", "\\bthe\\b", "[.!?]\\s"], python: ["#.*", "'[^'\\n]*'", "def \\w+", "self"], c: ["/\\*[^*]*", "\"[^\"\\n]*\"", "\\bif\\b", "0x[0-9a-f]+"] };

/** @param {HTMLElement} box @param {import("../app.js").Context} context @param {string} by pattern or track */
export function openHypothesis(box, context, by) {
  let turn = new AbortController();
  context.signal.addEventListener("abort", () => turn.abort());
  const found = h("section.found.wide", { "aria-label": "Units" });
  const { rows, row_chars } = context.run.traces[context.part];
  const where = path("search", "hypothesis", context.corpus.name, context.run.name, context.part);

  function stopped() {
    turn.abort();
    const words = h("p.note", { tabindex: "-1" }, "Stopped.");
    found.replaceChildren(words);
    found.removeAttribute("aria-busy");
    words.focus();
  }

  async function run(/** @type {string} */ asked) {
    turn.abort();
    turn = new AbortController();
    const mine = turn.signal;
    context.set({ by, [by]: asked });
    if (!asked) found.removeAttribute("aria-busy");
    if (!asked) return void found.replaceChildren(h("p.note", {}, by === "pattern" ? "A unit is compared with whether each character is covered by a match, or by its first group if it has one." : "Choose a track."));
    // who leaves or asks for another gives the request up, and with it ends the work
    const work = working(`Ranking the units over ${whole(rows * row_chars)} characters, beside shifted labels, the last character and, where it was traced, the untrained network`, stopped);
    found.replaceChildren(work.element);
    found.setAttribute("aria-busy", "true");
    try {
      const answer = await heard(get(where, { [by]: asked }, mine), () => get(`${where}/progress`, { [by]: asked }, mine), work.told);
      found.replaceChildren(h("h2", {}, answer.units_clear ? `${whole(answer.units_clear)} of ${whole(answer.units.length)} units are clear of all controls` : "No unit is clear of the controls"),
        h("p.reading", {}, answer.reading),
        h("p.note", {}, `${answer.definition}${answer.on_share === null ? "" : ` On at ${percent(answer.on_share)} of ${whole(answer.text_chars)} characters.`}`),
        hypothesisTable(context, answer), answer.caveats.map((/** @type {string} */ each) => h("p.note", {}, each)));
      say(answer.reading);
    } catch (error) {
      if (!isAborted(error)) found.replaceChildren(refused(error));
    } finally {
      if (!mine.aborted) found.removeAttribute("aria-busy");
    }
  }

  if (by === "pattern") {
    const input = h("input.pattern", { type: "text", value: context.param("pattern"), maxlength: "500", spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
    const examples = EXAMPLES[/** @type {keyof typeof EXAMPLES} */ (context.corpus.language)] ?? EXAMPLES.prose;
    box.replaceChildren(h("form.row.tools", { role: "search", onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); run(input.value); } },
      field("Regular expression", input), h("button.primary", { type: "submit" }, "Rank units")),
      h("p.note.examples", {}, "For example ", examples.map((each) => h("button.quiet", { type: "button", onclick: () => { input.value = each; run(each); } }, h("code", {}, each)))), found);
    run(input.value);
  } else {
    const tracks = context.corpus.tracks;
    const chosen = context.param("track", tracks[0]?.name ?? "");
    box.replaceChildren(h("div.row.tools", {}, field("Track", select(tracks.map((/** @type {any} */ t) => [t.name, t.title]), chosen, run))), found);
    run(chosen);
  }
}
