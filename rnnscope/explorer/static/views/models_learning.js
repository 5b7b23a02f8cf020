// @ts-check
// A network at one checkpoint of its training: which predictor of n characters it is most like, which it has passed.

import { get, path } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { fixed, signed } from "../lib/numbers.js";
import { slider } from "./models_slider.js";
import { unitLink, wholeNames } from "./models_links.js";

/** @param {import("../app.js").Context} context */
export async function learningPanel(context) {
  const learning = await get(path("models", context.corpus.name, "learning"), {}, context.signal);
  const { checkpoints, references, roles } = learning;
  if (!checkpoints.length) return null;
  const families = checkpoints[0].likeness.map((/** @type {any} */ each) => each.family);
  const sentence = h("p.state-said", { "aria-live": "polite" });
  const ladders = families.map((/** @type {string} */ family) => ladder(family, references));
  const taken = h("div.taken");

  /** @param {number} at */
  function show(at) {
    const checkpoint = checkpoints[at];
    sentence.replaceChildren(...said(checkpoint).flatMap(wholeNames));
    for (const each of ladders) each.show(checkpoint);
    taken.replaceChildren(...rolesThere(roles, checkpoint.epoch, context));
  }
  const control = slider(context, "Checkpoint", checkpoints.map((/** @type {any} */ each) =>
    `epoch ${short(each.epoch)}${each.loss_nats === null ? "" : `, loss ${fixed(each.loss_nats, 3)} nats`}`), show);
  return h("section.panel.learning", { "aria-labelledby": "learning-title" },
    h("h2#learning-title", {}, "The network while it learns"),
    learning.run && h("p.note", {}, learning.run),
    control, sentence,
    h("div.ladders", {}, ladders.map((/** @type {any} */ each) => each.element)), taken);
}

/** @param {number} epoch */
export const short = (epoch) => String(Number(epoch.toPrecision(2)));

/** @param {any} checkpoint */
function said(checkpoint) {
  const nearest = checkpoint.likeness.filter((/** @type {any} */ each) => each.nearest !== null);
  const parts = [`It predicts most like ${nearest.map((/** @type {any} */ each) => `the ${name(each.family, each.nearest)}`).join(" and ")}. `];
  for (const each of checkpoint.likeness)
    parts.push(each.ahead_of.length ? `It is clearly ahead of the ${each.family}s of ${ranges(each.ahead_of)} character${each.ahead_of.length > 1 || each.ahead_of[0] > 1 ? "s" : ""}. ` : `It is clearly ahead of no ${each.family} yet. `);
  return parts;
}

/** @param {string} family @param {number} n */
const name = (family, n) => (family === "n-gram" ? `${n}-gram` : family.replace(/^n-/, `${n}-`));

/** 1, 2, 3, 5 as '1 to 3, 5'. @param {number[]} numbers */
function ranges(numbers) {
  const runs = /** @type {number[][]} */ ([]);
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(", ");
}

/** A table of one family, a row per n, whose bars follow the slider. @param {string} family @param {any[]} references */
function ladder(family, references) {
  const own = references.map((reference, index) => ({ reference, index })).filter((each) => each.reference.family === family);
  const rows = own.map(({ reference, index }) => {
    const apart = h("span.bar"), ahead = h("span.bar");
    const [apartText, aheadText] = [h("span.value"), h("span.value")];
    const mark = h("span.mark-near", {}, "");
    const row = h("tr", {}, h("th", { scope: "row" }, String(reference.context), mark),
      h("td.barred", {}, h("span.track", { "aria-hidden": "true" }, apart), apartText),
      h("td.barred.both", {}, h("span.track", { "aria-hidden": "true" }, ahead), aheadText));
    return { row, index, reference, apart, ahead, apartText, aheadText, mark };
  });
  const element = h("div.scroll", { tabindex: "0", role: "region", "aria-label": `The network beside the ${family}s` },
    h("table.ladder", {}, h("caption", {}, `Beside the ${family}s; bars are scaled to the longest at this checkpoint`),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "n"), h("th", { scope: "col" }, "divergence, nats"), h("th", { scope: "col" }, "network ahead by, nats"))),
      h("tbody", {}, rows.map((each) => each.row))));
  return {
    element,
    /** @param {any} checkpoint */
    show(checkpoint) {
      const most = (/** @type {string} */ field) => Math.max(1e-9, ...checkpoint.distances.map((/** @type {any} */ each) => Math.abs(each?.[field] ?? 0)));
      const mostApart = most("divergence"), mostAhead = most("ahead");
      const likeness = checkpoint.likeness.find((/** @type {any} */ each) => each.family === family);
      for (const each of rows) {
        const distance = checkpoint.distances[each.index];
        const isNearest = likeness?.nearest === each.reference.context;
        each.row.classList.toggle("nearest", isNearest);
        each.mark.textContent = isNearest ? "nearest" : "";
        each.apart.style.width = `${100 * Math.min(1, (distance?.divergence ?? 0) / mostApart)}%`;
        each.apartText.textContent = fixed(distance?.divergence, 3);
        const share = (distance?.ahead ?? 0) / mostAhead;
        each.ahead.style.left = `${50 + 50 * Math.min(0, share)}%`;
        each.ahead.style.width = `${50 * Math.abs(share)}%`;
        each.ahead.classList.toggle("below", share < 0);
        const isClear = likeness?.ahead_of.includes(each.reference.context);
        each.aheadText.textContent = signed(distance?.ahead, 3);
        each.row.title = distance && distance.ahead_low !== null ? `ahead ${signed(distance.ahead, 3)} (95 % interval ${signed(distance.ahead_low, 3)} to ${signed(distance.ahead_high, 3)}); divergence ${fixed(distance.divergence, 3)} (${fixed(distance.divergence_low, 3)} to ${fixed(distance.divergence_high, 3)})` : "";
        each.aheadText.classList.toggle("strong", Boolean(isClear));
      }
    },
  };
}

/** @param {any[]} roles @param {number} epoch @param {import("../app.js").Context} context */
function rolesThere(roles, epoch, context) {
  if (!roles.length) return [];
  const there = roles.filter((role) => role.epoch !== null && role.epoch <= epoch);
  return [h("h3", {}, `${there.length} of ${roles.length} roles are taken`),
    h("ul.roles", {}, roles.map((role) => h("li", { class: role.epoch !== null && role.epoch <= epoch ? "there" : "to-come" },
      h("span", {}, role.title), " ", h("span.note", {}, "unit ", unitLink(context, role), role.epoch === null ? ", not within these epochs" : `, from epoch ${short(role.epoch)}`))))];
}
