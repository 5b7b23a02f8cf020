// @ts-check
// The view of search: three ways to say what is looked for. Knows not how any of them finds it.

import { h } from "../lib/dom.js";
import { Refused } from "../lib/api.js";
import { untraced } from "../lib/states.js";
import { openHypothesis } from "./search_hypothesis.js";
import { openSpans } from "./search_spans.js";

const WAYS = {
  spans: ["Spans", "Point at characters; see which units are on exactly there, and where else they are."],
  pattern: ["Pattern", "Write a regular expression; see which units follow its matches."],
  track: ["Track", "Choose what the text itself says of each character; see which units follow it."],
};
/** @typedef {keyof typeof WAYS} Way */

/** @param {HTMLElement} main @param {import("../app.js").Context} context */
export async function open(main, context) {
  const traced = context.run?.traces[context.part];
  if (!traced) throw missing(context);
  let left = new AbortController();
  context.signal.addEventListener("abort", () => left.abort());
  const way = () => /** @type {Way} */ (context.param("by") in WAYS ? context.param("by") : context.param("pattern") ? "pattern" : context.param("track") ? "track" : "spans");
  const body = h("div.ways", { role: "tabpanel", id: "way", tabindex: "-1" });
  const about = h("p.note");
  const tabs = Object.entries(WAYS).map(([name, [words]]) =>
    h("button", { type: "button", role: "tab", id: `way-${name}`, "aria-controls": "way", data: { name }, onclick: () => choose(name) }, words));
  const list = h("div.tabs", { role: "tablist", "aria-label": "What is searched by", onkeydown: flip }, tabs);

  function flip(/** @type {KeyboardEvent} */ event) {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.findIndex((tab) => tab.dataset.name === way()) + step + tabs.length) % tabs.length];
    choose(next.dataset.name);
    next.focus();
  }
  function choose(/** @type {string} */ name) {
    context.set({ by: name }, true);
    return show();
  }
  function show() {
    left.abort();
    left = new AbortController();
    for (const tab of tabs) {
      const isIt = tab.dataset.name === way();
      tab.setAttribute("aria-selected", String(isIt));
      tab.tabIndex = isIt ? 0 : -1;
    }
    body.setAttribute("aria-labelledby", `way-${way()}`);
    about.textContent = WAYS[way()][1];
    const own = { ...context, signal: left.signal };
    return way() === "spans" ? openSpans(body, own, traced) : openHypothesis(body, own, way());
  }
  main.replaceChildren(h("h1", {}, "Search"), h("div.head", {}, list, about), body);
  await show();
  return {
    changed: (/** @type {any} */ now) => { context = { ...now, signal: context.signal }; show(); },
    close: () => left.abort(),
  };
}

/** @param {import("../app.js").Context} context */
function missing({ corpus, run, part }) {
  if (!run) return new Refused(`no finished run on ${corpus.name}`, `rnnscope train ${corpus.name}`, 404);
  return untraced(run, part);
}
