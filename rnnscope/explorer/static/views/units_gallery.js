// @ts-check
// The gallery: which units are shown, in which order, each on a tile. Knows no card.

import { field, h, select } from "../lib/dom.js";
import { plain } from "../lib/link.js";
import { fixed, percent, signed, whole } from "../lib/numbers.js";
import { gauge, histogram, measure, reach } from "./units_marks.js";

const CHARS_MOST = 512;
/** @param {number | null} value */
export const chars = (value) => value === null ? "–" : value >= CHARS_MOST ? `≥ ${CHARS_MOST}` : fixed(value, value < 10 ? 1 : 0);

/**
 * What units are sorted by: words, value (null stands last) and how a tile says it.
 * @type {Record<string, {words: string, value: (unit: any) => any, shown?: (unit: any) => string, rises?: boolean}>}
 */
const SORTS = {
  role: { words: "role", value: (u) => u.margin === null ? null : (u.is_clear ? 10 : 0) + u.margin },
  score: { words: "score", value: (u) => u.strength, shown: (u) => u.score === null ? "" : `${measure(u)} ${fixed(u.score, 3)}` },
  saturation: { words: "saturation of its values", value: (u) => u.saturated_share, shown: (u) => `beyond ±0.9: ${percent(u.saturated_share)}` },
  gates: { words: "saturation of its gates", value: (u) => u.gate_saturated_share, shown: (u) => `a gate held ${percent(u.gate_saturated_share)}` },
  values: { words: "memory by its values", value: (u) => u.value_chars, shown: (u) => `alike for ${chars(u.value_chars)} chars` },
  kept: { words: "memory by its gate", value: (u) => u.kept_chars, shown: (u) => `gate keeps ${chars(u.kept_chars)} chars` },
  ablation: { words: "ablation effect", value: (u) => u.change_nats, shown: (u) => u.change_nats === null ? "" : `held still ${signed(u.change_nats, 4)} nats` },
  place: { words: "layer and number", value: (u) => u.layer * 1e6 + u.unit, rises: true },
};

/** @typedef {{sort: string, turned: boolean, layer: string, role: string, text: string}} Wanted */

/** @param {(name: string, otherwise?: string) => string} param @returns {Wanted} */
export const wantedOf = (param) => ({
  sort: param("sort") in SORTS ? param("sort") : "role", turned: param("turned") === "1",
  layer: param("layer"), role: param("role"), text: param("text"),
});

/** @param {any} unit */
export const nameOf = (unit) => `${unit.layer}.${unit.unit}`;

/** @param {any} unit @param {string} text lower case */
function isNamed(unit, text) {
  if (/^\d+\.\d*$/.test(text)) return nameOf(unit).startsWith(text);
  return [nameOf(unit), unit.track, unit.title, unit.promotes, unit.suppresses].some((each) => String(each ?? "").toLowerCase().includes(text));
}

/** Units that are wanted, in order. @param {any[]} units @param {Wanted} wanted */
export function wantedUnits(units, wanted) {
  const text = wanted.text.trim().toLowerCase();
  const kept = units.filter((unit) =>
    (!wanted.layer || String(unit.layer) === wanted.layer)
    && (!wanted.role || (wanted.role === "clear" ? unit.is_clear : wanted.role === "none" ? !unit.is_clear : unit.track === wanted.role.slice(1)))
    && (!text || isNamed(unit, text)));
  const { value, rises = false } = SORTS[wanted.sort];
  const sign = rises !== wanted.turned ? 1 : -1;
  return kept.map((unit) => ({ unit, at: value(unit) })).sort((a, b) => {
    if (a.at === b.at) return a.unit.layer - b.unit.layer || a.unit.unit - b.unit.unit;
    if (a.at === null || a.at === undefined) return 1;
    if (b.at === null || b.at === undefined) return -1;
    return sign * (a.at - b.at);
  }).map(({ unit }) => unit);
}

/** @param {any} shown of /api/units @param {Wanted} wanted @param {(changes: Record<string, any>) => void} change */
export function controls(shown, wanted, change) {
  const layers = Array.from({ length: shown.layers }, (_, at) => /** @type {[string, string]} */ ([String(at + 1), `layer ${at + 1}`]));
  /** @type {Map<string, {title: string, units: number, clear: number}>} */
  const tracks = new Map();
  for (const { track, title, is_clear } of shown.units) {
    if (!track) continue;
    const known = tracks.get(track) ?? { title: title ?? track, units: 0, clear: 0 };
    tracks.set(track, { title: known.title, units: known.units + 1, clear: known.clear + (is_clear ? 1 : 0) });
  }
  const roles = /** @type {[string, string][]} */ ([["", "all"], ["clear", `clear (${shown.roles.clear})`], ["none", `no clear role (${shown.units.length - shown.roles.clear})`],
    ...[...tracks].sort((a, b) => b[1].clear - a[1].clear || b[1].units - a[1].units).map(([track, { title, units, clear }]) => [`=${track}`, `${title} (${clear} of ${units} clear)`])]);
  const sorts = Object.entries(SORTS).filter(([name]) => (name !== "gates" && name !== "kept") || shown.gates_from !== "none")
    .map(([name, { words }]) => /** @type {[string, string]} */ ([name, words]));
  const turn = h("button.quiet.turn", { type: "button", "aria-pressed": String(wanted.turned), "aria-label": "Turn the order round", title: "Turn the order round", onclick: () => change({ turned: wanted.turned ? null : 1 }) }, wanted.turned ? "↑" : "↓");
  const search = h("input", { type: "search", value: wanted.text, placeholder: "1.37, quotes, a symbol", "aria-label": "Name", autocomplete: "off", spellcheck: "false", maxlength: "80", oninput: () => change({ text: search.value }) });
  return h("div.row.controls", { role: "group", "aria-label": "Order and filters" },
    h("span.row.order", {}, field("Sort by", select(sorts, wanted.sort, (sort) => change({ sort: sort === "role" ? null : sort, turned: null }))), turn),
    shown.layers > 1 && field("Layer", select([["", "all"], ...layers], wanted.layer, (layer) => change({ layer }))),
    shown.roles.are_known && field("Role", select(roles, wanted.role, (role) => change({ role }))),
    field("Find", search));
}

/**
 * One unit. @param {any} unit @param {any} shown @param {Wanted} wanted @param {string} href @param {boolean} isOpen @param {() => void} open
 */
export function tile(unit, shown, wanted, href, isOpen, open) {
  const sorted = SORTS[wanted.sort].shown?.(unit);
  const has = unit.score !== null && unit.score !== undefined;
  return h("a.tile", { href, "aria-current": isOpen ? "true" : false, data: { unit: nameOf(unit) }, onclick: plain(open) },
    h("span.top", {}, h("b", {}, nameOf(unit)), h(unit.is_clear ? "span.name.clear" : "span.name", {}, unit.is_clear ? unit.title : has ? "no clear role" : "role not looked for")),
    histogram(unit.counts),
    has ? gauge(unit) : null,
    h("span.facts", {}, facts(unit, wanted, sorted)));
}

/** What a tile says in words: what it is sorted by, or the score; each beside its control. @param {any} unit @param {Wanted} wanted @param {string | undefined} sorted */
function facts(unit, wanted, sorted) {
  const has = unit.score !== null;
  const controls = () => h("span", {}, `controls ${fixed(reach(unit))}`);
  if (sorted && wanted.sort === "score") return [h("span.sorted", {}, sorted), controls()];
  if (sorted && wanted.sort === "ablation" && unit.change_low !== null) return [h("span.sorted", {}, sorted), h("span", {}, `95 % ${signed(unit.change_low, 4)} to ${signed(unit.change_high, 4)}`)];
  if (sorted) return h("span.sorted", {}, sorted);
  if (has) return [h("span", {}, unit.is_clear ? "" : `${unit.title} `, `${unit.kind === "flag" ? "AUC" : "ρ"} ${fixed(unit.score)}`), controls()];
  return unit.value_chars === null ? null : h("span", {}, `alike for ${chars(unit.value_chars)} chars`);
}

/** @param {any[]} found @param {any} shown @param {Wanted} wanted */
export const countOf = (found, shown, wanted) =>
  found.length === shown.units.length ? `${whole(found.length)} units` : `${whole(found.length)} of ${whole(shown.units.length)} units`;
