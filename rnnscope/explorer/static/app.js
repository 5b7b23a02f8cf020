// @ts-check
// The shell: which view, of what, and how its address says so. Knows no view's numbers.

import { get } from "./lib/api.js";
import { byId, field, h, say, select } from "./lib/dom.js";
import { empty, isAborted, loading, makings, refused } from "./lib/states.js";

/**
 * @typedef {object} Context what a view is given
 * @property {any} library of /api/library
 * @property {any} corpus the corpus looked at
 * @property {any} run the run looked at, undefined where the corpus has none
 * @property {string} part
 * @property {(name: string, otherwise?: string) => string} param of the address
 * @property {(values: Record<string, any>, push?: boolean) => void} set changes the address; the view stays
 * @property {(view: string, values?: Record<string, any>) => string} href the address of a view
 * @property {(view: string, values?: Record<string, any>) => void} go
 * @property {AbortSignal} signal aborted when the view is left
 */

const VIEWS = {
  text: "Text", units: "Units", search: "Search", gates: "Gates",
  models: "Models", errors: "Errors", live: "Live", teach: "Teach",
};
/** What goes with the reader from view to view. */
const CARRIED = ["corpus", "run", "part", "unit"];
const POLL_MS = 4000, MAKING_POLL_MS = 500;
const main = byId("view");
/** @type {any} */
let library = null;
/** @type {{changed?: (context: Context) => void, close?: () => void} | void} */
let shown;
let left = new AbortController();
let turn = 0;
let following = 0;

const viewName = () => location.pathname.slice(1) || "text";
const params = () => new URLSearchParams(location.search);

/** @param {string} view @param {Record<string, any>} [values] */
function href(view, values = {}) {
  const query = new URLSearchParams();
  for (const name of CARRIED) if (params().has(name)) query.set(name, params().get(name) ?? "");
  for (const [name, value] of Object.entries(values))
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, String(value));
  return `/${view}${query.size ? `?${query}` : ""}`;
}

/** @param {string} view @param {Record<string, any>} [values] */
function go(view, values = {}) {
  history.pushState(null, "", href(view, values));
  return open();
}

/** @param {Record<string, any>} values */
function set(values, push = false) {
  const query = params();
  for (const [name, value] of Object.entries(values))
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, String(value));
  const where = `${location.pathname}${query.size ? `?${query}` : ""}`;
  if (where === location.pathname + location.search) return;
  if (push) history.pushState(null, "", where);
  else history.replaceState(null, "", where);
  // the views' links follow once the view has drawn what it was asked for
  clearTimeout(following);
  following = setTimeout(links, 250);
}

/** The corpus, run and part that the address means, or the first that has something to show. @returns {Context} */
function context() {
  const asked = params();
  const corpora = library.corpora;
  const traced = (/** @type {any} */ run) => Object.keys(run.traces).length > 0;
  const corpus = corpora.find((/** @type {any} */ c) => c.name === asked.get("corpus"))
    ?? corpora.find((/** @type {any} */ c) => c.runs.some(traced)) ?? corpora.find((/** @type {any} */ c) => c.runs.length) ?? corpora[0];
  const runs = corpus?.runs ?? [];
  const run = runs.find((/** @type {any} */ r) => r.name === asked.get("run")) ?? runs.find(traced) ?? runs[0];
  const part = ["train", "validation", "test"].find((each) => each === asked.get("part"))
    ?? (run && !run.traces.test ? Object.keys(run.traces)[0] : undefined) ?? "test";
  return {
    library, corpus, run, part, set, href, go, signal: left.signal,
    param: (name, otherwise = "") => params().get(name) ?? otherwise,
  };
}

function pickers() {
  const { corpus, run, part } = context();
  if (!corpus) return byId("pickers").replaceChildren();
  const names = (/** @type {any[]} */ list) => list.map((each) => each.name);
  const described = corpus.runs.map((/** @type {any} */ r) => [r.name, `${r.name}${standing(r)}`]);
  byId("pickers").replaceChildren(
    field("Corpus", select(names(library.corpora), corpus.name, (value) => go(viewName(), { corpus: value, run: null, unit: null, at: null }))),
    run ? field("Network", select(described, run.name, (value) => go(viewName(), { run: value, unit: null, site: null }))) : h("span.note", {}, "no finished run"),
    field("Part", select(Object.keys(corpus.parts), part, (value) => go(viewName(), { part: value, at: null }))));
}

/** @param {any} run */
function standing({ traces, untraced }) {
  if (Object.keys(traces).length) return "";
  return Object.values(untraced).some(({ making }) => making) ? " (being traced)" : " (not traced)";
}

function links() {
  const here = viewName();
  byId("views").replaceChildren(...Object.entries(VIEWS).map(([name, words]) =>
    h("li", {}, h("a", { href: href(name), "aria-current": name === here ? "page" : false, onclick: (/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      history.pushState(null, "", href(name));
      open();
    } }, words))));
  const bar = /** @type {HTMLElement} */ (byId("views").parentElement), now = byId("views").querySelector("[aria-current]");
  if (!now) return;
  const [all, one] = [bar.getBoundingClientRect(), now.getBoundingClientRect()];  // a narrow page shows where it is
  bar.scrollLeft += Math.max(0, one.right - all.right) - Math.max(0, all.left - one.left);
}

async function open() {
  const mine = ++turn;
  const name = viewName();
  left.abort();
  left = new AbortController();
  shown?.close?.();
  shown = undefined;
  links();
  pickers();
  document.title = `${/** @type {any} */ (VIEWS)[name] ?? name} · rnnscope`;
  main.className = `view ${name}`;
  main.setAttribute("aria-busy", "true");
  main.replaceChildren(loading());
  main.dataset.state = "loading";
  try {
    if (!library.corpora.length) {
      main.replaceChildren(empty("Nothing to look at yet", "This work folder holds no corpus. A study makes one, trains networks on it and opens them:", h("pre.command", {}, "rnnscope study")));
    } else {
      const view = await import(`./views/${name}.js`);
      if (mine !== turn) return;
      const result = await view.open(main, context());
      if (mine !== turn) return result?.close?.();
      shown = result;
    }
    main.dataset.state = "shown";
  } catch (error) {
    if (mine !== turn || isAborted(error)) return;
    main.replaceChildren(refused(error));
    main.dataset.state = "refused";
  }
  if (!main.querySelector("h1")) main.prepend(h("h1.unseen", {}, /** @type {any} */ (VIEWS)[name] ?? name));
  main.setAttribute("aria-busy", "false");
}

/** Which records there are and which are being made, not how much of them. @param {any} all */
const there = (all) => JSON.stringify(all, (name, value) => (name === "share" ? undefined : value));

/** Records that appear are picked up; a view that waits for one opens by itself. */
async function poll() {
  try {
    const now = await get("/api/library");
    if (there(now) !== there(library)) {
      const before = context();
      library = now;
      // what is looked at stays, though another would be the first that has something to show
      const after = context();
      if (before.run && before.run.name !== after.run?.name) set({ corpus: before.corpus.name, run: before.run.name });
      if (before.corpus && before.part !== after.part) set({ part: before.part });
      pickers();
      say("Records have changed");
      if (main.dataset.state === "refused" || before.corpus?.name !== context().corpus?.name || !main.querySelector(":scope > :not(.state, h1.unseen)")) open();
      document.dispatchEvent(new CustomEvent("library", { detail: context() }));
    }
    document.dispatchEvent(new CustomEvent("making", { detail: makings(now) }));
    document.dispatchEvent(new CustomEvent("answered"));
    document.documentElement.removeAttribute("data-offline");
  } catch {
    document.documentElement.dataset.offline = "";
  }
  follow();
}
const follow = () => setTimeout(poll, makings(library).length ? MAKING_POLL_MS : POLL_MS);

function schemes() {
  const root = document.documentElement;
  const button = byId("scheme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = localStorage.getItem("scheme") ?? "";
    if (chosen) root.dataset.chosen = chosen;
    root.dataset.scheme = chosen || (system.matches ? "dark" : "light");
    button.textContent = root.dataset.scheme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Change to ${button.textContent?.toLowerCase()} colours`);
    document.dispatchEvent(new CustomEvent("scheme"));
  };
  button.addEventListener("click", () => {
    localStorage.setItem("scheme", root.dataset.scheme === "dark" ? "light" : "dark");
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

addEventListener("popstate", () => {
  if (main.className === `view ${viewName()}` && shown?.changed) {
    links();
    pickers();
    shown.changed(context());
  } else open();
});
schemes();
main.replaceChildren(loading());
import(`./views/${viewName()}.js`).catch(() => {});  // on its way while the records are read
try {
  library = await get("/api/library");
  await open();
  follow();
} catch (error) {
  main.replaceChildren(refused(error));
}
