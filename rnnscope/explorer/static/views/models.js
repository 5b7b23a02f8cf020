// @ts-check
// Who predicts best, by how much and how surely; and every finding, with the report's figures. Knows no number's meaning.

import { get, path } from "../lib/api.js";
import { h, say, select } from "../lib/dom.js";
import { figure } from "../lib/figure.js";
import { commandBox, isAborted, loading, refused } from "../lib/states.js";
import { table } from "../lib/table.js";
import { findingPage } from "./models_finding.js";
import { inView, modelLink, wholeNames } from "./models_links.js";

/** @param {HTMLElement} main @param {import("../app.js").Context} context */
export async function open(main, context) {
  let now = context;
  let told = await get(path("models", context.corpus.name), {}, context.signal);
  const content = h("div.content", { tabindex: "-1" });
  const side = h("nav.findings", { "aria-label": "Findings" });
  const chooser = h("div.chooser");
  let shown = "";
  main.replaceChildren(h("div.models-page", {}, side, chooser, content));

  const chosen = () => now.param("finding") || (now.param("question") ? `?${now.param("question")}` : "");

  /** @param {string} key the name of a finding, '?' and that of a question, or nothing */
  function choose(key, push = true) {
    const isQuestion = key.startsWith("?");
    now.set({ finding: isQuestion ? null : key, question: isQuestion ? key.slice(1) : null, checkpoint: null }, push);
    return draw(true);
  }

  function list() {
    const here = chosen();
    /** @param {any} each @param {string} key */
    const item = (each, key) => h("li", {}, h("a", {
      href: now.href("models", key.startsWith("?") ? { question: each.name } : { finding: each.name }),
      class: each.is_there ? false : "missing", "aria-current": key === here ? "page" : false,
      onclick: (/** @type {MouseEvent} */ event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
        event.preventDefault();
        choose(key);
      },
    }, each.label, each.verdict ? h("span.verdict", { data: { verdict: each.verdict } }, each.verdict) : !each.is_there && h("span.tag", {}, "not made")));
    const overview = { name: "", label: "Overview", is_there: true };
    side.replaceChildren(
      h("ul", {}, item(overview, ""), told.findings.map((/** @type {any} */ each) => item(each, each.name))),
      h("h2", {}, "Open questions"),
      h("ul", {}, told.questions.map((/** @type {any} */ each) => item(each, `?${each.name}`))));
    /** @type {[string, string][]} */
    const choices = [["", "Overview"],
      ...told.findings.map((/** @type {any} */ each) => [each.name, each.label + (each.is_there ? "" : " (not made)")]),
      ...told.questions.map((/** @type {any} */ each) => [`?${each.name}`, `Question: ${each.label}${each.is_there ? "" : " (not made)"}`])];
    chooser.replaceChildren(h("label.field", {}, h("span", {}, "Finding"), select(choices, here, (value) => choose(value))));
  }

  /** @param {boolean} isAsked whether the reader has just asked for it */
  async function draw(isAsked) {
    const key = chosen();
    list();
    if (isAsked && key === shown) return;
    shown = key;
    content.setAttribute("aria-busy", "true");
    const wait = setTimeout(() => content.replaceChildren(loading("Drawing figures")), 150);
    try {
      const parts = key === "" ? overview(told, now)
        : await findingPage(key.startsWith("?") ? path("questions", key.slice(1)) : path("findings", now.corpus.name, key), now);
      if (key !== chosen()) return;
      clearTimeout(wait);
      content.replaceChildren(...parts);
      if (isAsked) {
        scrollTo({ top: 0 });
        say(content.querySelector("h1")?.textContent ?? "");
      }
    } catch (error) {
      if (isAborted(error) || key !== chosen()) return;
      content.replaceChildren(refused(error));
    } finally {
      clearTimeout(wait);
      if (key === chosen()) content.removeAttribute("aria-busy");
    }
  }

  /** Findings that were made meanwhile. */
  async function again() {
    if (!main.isConnected || !content.isConnected) return;
    try {
      const fresh = await get(path("models", now.corpus.name), {}, now.signal);
      const changed = JSON.stringify(fresh) !== JSON.stringify(told);
      told = fresh;
      if (!changed) return;
      if (content.querySelector(".state") || !chosen()) draw(false);
      else list();
    } catch (error) {
      if (!isAborted(error)) list();
    }
  }

  document.addEventListener("library", again);
  await draw(false);
  return {
    changed: (/** @type {import("../app.js").Context} */ next) => {
      if (next.corpus.name !== now.corpus.name) return next.go("models");
      now = next;
      if (chosen() !== shown) draw(true);
      else content.dispatchEvent(new CustomEvent("address", { detail: next }));
    },
    close: () => document.removeEventListener("library", again),
  };
}

/** The answer at a glance, and what else was found. @param {any} told @param {import("../app.js").Context} context */
function overview(told, context) {
  const comparison = told.findings.find((/** @type {any} */ each) => each.name === "comparison");
  const made = told.findings.filter((/** @type {any} */ each) => each.is_there && each.name !== "comparison");
  const questions = told.questions.filter((/** @type {any} */ each) => each.is_there);
  return [
    h("h1.headline", {}, wholeNames(comparison.is_there ? told.headline : `Networks on ${context.corpus.name}`)),
    told.sentences.map((/** @type {string} */ sentence) => h("p.lead", {}, wholeNames(sentence))),
    told.standings.length > 0 && standings(told, context),
    told.note && h("p.note", {}, told.note),
    comparison.is_there ? atAGlance(context) : [
      h("p.reading", {}, "They have not been compared yet. This command compares them, with intervals:"),
      commandBox(comparison.command), networks(context)],
    made.length + questions.length > 0 && h("section.more", {}, h("h2", {}, "What else was found"),
      h("div.cards", {}, [...made.map((/** @type {any} */ each) => card(each, { finding: each.name }, context)),
        ...questions.map((/** @type {any} */ each) => card(each, { question: each.name }, context))])),
  ].flat(9).filter((each) => each);
}

/** @param {any} each @param {Record<string, string>} values @param {import("../app.js").Context} context */
const card = (each, values, context) => h("article.card.found", {},
  h("h3", {}, inView(context, "models", values, wholeNames(each.title))),
  each.verdict && h("p", {}, h("span.verdict", { data: { verdict: each.verdict } }, each.verdict)),
  h("p.clamped", {}, wholeNames(each.reading)));

/** @param {any} told @param {import("../app.js").Context} context */
function standings(told, context) {
  /** @param {string} text @param {string} [more] */
  const cell = (text, more = "") => h(`td.n${more}`, {}, text || "–");
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": "The models at a glance" },
    h("table.standings", {},
      h("caption", {}, "Test loss per character, best first, with 95 % intervals"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "model"), h("th.n.wide", { scope: "col" }, "parameters"),
        h("th.n", { scope: "col" }, "nats"), h("th.n", { scope: "col" }, "interval"), h("th.n.wide", { scope: "col" }, "bits"),
        told.reference && h("th.n.wide", { scope: "col", colspan: "2" }, `against ${told.reference}`))),
      h("tbody", {}, told.standings.map((/** @type {any} */ row) => h("tr", { class: row.model === told.reference ? "reference" : false },
        h("th", { scope: "row" }, h("span", { class: `dot ${["LSTM", "GRU", "RNN"].includes(row.family) ? row.family.toLowerCase() : "count"}`, "aria-hidden": "true" }), modelLink(context, row.model)),
        cell(row.parameters, ".wide"), cell(row.nats, ".strong"), cell(row.interval), cell(row.bits, ".wide"),
        told.reference && [cell(row.against, ".wide"), cell(row.against_interval, ".wide")])))));
}

/** The comparison's own chart, drawn once it is there. @param {import("../app.js").Context} context */
function atAGlance(context) {
  const place = h("div.glance", {}, loading("Drawing the comparison"));
  get(path("findings", context.corpus.name, "comparison"), {}, context.signal).then(({ figures }) => {
    const best = figures.find((/** @type {any} */ each) => each.name === "losses") ?? figures[0];
    place.replaceChildren(...(best ? [figure(best)] : []));
  }).catch((error) => isAborted(error) || place.replaceChildren(refused(error)));
  return place;
}

/** What the runs say of themselves, where nothing compares them. @param {import("../app.js").Context} context */
function networks(context) {
  const runs = context.corpus.runs;
  if (!runs.length) return h("p.note", {}, "No network has been trained on this text.");
  return table("Finished networks, by their loss on the validation part (nats per character, no interval)", [
    { name: "name", label: "network", shown: (value) => modelLink(context, value) },
    { name: "cell" }, { name: "layers" }, { name: "hidden", label: "units a layer" }, { name: "parameters" },
    { name: "validation_nats", label: "validation nats" },
  ], [...runs].sort((a, b) => a.validation_nats - b.validation_nats));
}
