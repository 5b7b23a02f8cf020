// @ts-check
// What the address of the text view says: panes, what each is coloured by, how the sheet looks. Knows no element.

import { sitesOf } from "./text_controls.js";

/** @param {import("../app.js").Context} from @param {string} mark nothing, or '2' for the second pane */
function paneOf(from, mark) {
  const { corpus, part } = from;
  const say = (/** @type {string} */ name) => from.param(name + mark);
  const run = mark ? corpus.runs.find((/** @type {any} */ each) => each.name === say("run")) ?? from.run : from.run;
  const trace = run?.traces[part];
  const losses = corpus.losses[part] ?? [];
  const layers = Array.from({ length: trace ? run.layers : 0 }, (_, each) => each + 1);
  const [asked, number] = (say("unit") || (mark ? from.param("unit") : "")).split(".").map(Number);
  const layer = layers.includes(asked) ? asked : 1;
  const sites = sitesOf(trace, layer);
  const askedSite = say("site") || (mark ? from.param("site") : "");
  const site = sites.includes(askedSite) ? askedSite : sites[0] ?? "h";
  const units = trace?.sites[`layers.${layer - 1}.${site}`] ?? 0;
  const track = corpus.tracks.find((/** @type {any} */ each) => `track:${each.name}` === say("colour"));
  const otherwise = trace ? "unit" : losses.length ? "surprise" : corpus.tracks.length ? `track:${corpus.tracks[0].name}` : "unit";
  const colour = track || say("colour") === "unit" || (say("colour") === "surprise" && losses.length) ? say("colour") : otherwise;
  const shownTrack = corpus.tracks.find((/** @type {any} */ each) => `track:${each.name}` === colour);
  const predictor = losses.includes(say("predictor")) ? say("predictor") : losses.includes(run?.name) ? run.name : losses[0];
  const unit = Number.isInteger(number) && number >= 0 && number < units ? number : 0;
  const making = !trace && run ? run.untraced[part].making : null;
  const awaited = !say("colour") && colour !== "unit" ? making : null;  // until it is there, another colour
  return { mark, run, trace, making, awaited, layers, layer, unit, units, site, colour, predictor, track: shownTrack?.name, trackTitle: shownTrack?.title, isFlag: shownTrack?.kind === "flag",
    label: mark ? "The second pane's colours" : "Colours", unitInput: /** @type {any} */ (null) };
}

/** @param {import("../app.js").Context} from */
export function stateOf(from) {
  const isCompared = ["unit2", "run2", "site2", "colour2"].some((name) => from.param(name));
  const columns = Math.min(400, Math.max(0, Math.round(Number(from.param("columns", "0"))) || 0));
  return { isCompared, columns: columns && Math.max(8, columns), white: from.param("white") === "1", size: Math.min(24, Math.max(8, Number(from.param("size", "13")) || 13)),
    panes: [paneOf(from, ""), ...(isCompared ? [paneOf(from, "2")] : [])] };
}
