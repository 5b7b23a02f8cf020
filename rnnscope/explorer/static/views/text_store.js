// @ts-check
// What the text view has of the server: where lines begin, lines, tiles of colours. Kept, so that a flip, a scroll
// back and a jump back ask for nothing. Knows no element.

import { Refused, bytes, get, path } from "../lib/api.js";
import { isAborted } from "../lib/states.js";

/** Steps of a tile, which holds all units, so that any of them is flipped to at once. */
const TILE = 1024;
/** Most steps of a strip, which holds one value a step: what is seen first. A row is cut into equal ones. */
const STRIP = 12288;
const BLOCK = 256;
const MOST_BYTES = 96 << 20;
const MOST_BLOCKS = 100;

/**
 * @typedef {object} Source where tiles of a colour come from
 * @property {string} key @property {string} where @property {Record<string, any>} query @property {boolean} [isOfUnits]
 * @typedef {{data: Int8Array, units: number, scale: number, steps: number}} Tile
 * @typedef {{starts: Uint32Array, rows: number, rowChars: number, chars: number}} Layout
 */

/** @param {string} corpus @param {string} part @param {AbortSignal} signal @param {() => void} arrived @param {(error: any) => void} failed */
export function textStore(corpus, part, signal, arrived, failed) {
  const base = (/** @type {(string | number)[]} */ ...names) => path("text", corpus, part, ...names);
  /** @type {Map<string, string[] | null>} null while it is on its way */
  const blocks = new Map();
  /** @type {Map<string, Tile | null>} */
  const tiles = new Map();
  /** @type {Map<string, number>} scales by source, the same wherever one looks */
  const scales = new Map();
  /** @type {Set<() => void>} */
  const waiting = new Set();
  let held = 0, underway = 0, stripSteps = STRIP;

  /** @param {number} columns @returns {Promise<Layout>} */
  async function layout(columns) {
    const { buffer, headers } = await bytes(base("layout"), { columns }, signal);
    const [rows, rowChars] = [Number(headers.get("X-Rows")), Number(headers.get("X-Row-Chars"))];
    stripSteps = Math.ceil(rowChars / Math.ceil(rowChars / STRIP));
    return { starts: new Uint32Array(buffer), rows, rowChars, chars: rows * rowChars };
  }

  /** A line's text, undefined while it is on its way. @param {number} columns @param {number} line */
  function line(columns, line) {
    const first = line - (line % BLOCK);
    const key = `${columns} ${first}`;
    const block = blocks.get(key);
    if (block) return block[line - first];
    if (block === undefined) ask(blocks, key, async () => {
      const { text } = await get(base("lines"), { columns, first, lines: BLOCK }, signal);
      blocks.set(key, text);
      if (blocks.size > MOST_BLOCKS) blocks.delete(blocks.keys().next().value ?? "");
    });
    return undefined;
  }

  /**
   * What a source says from step `begin` of a row on, at `column` of each step; no tile while it is on its way and
   * where there is none. One unit is asked for first, all of them only once the text is at rest.
   * @param {Source} source @param {number} unit @param {number} row @param {number} step
   * @param {{isSeen?: boolean, isAtRest?: boolean}} [when]
   */
  function values(source, unit, row, step, { isSeen = true, isAtRest = false } = {}) {
    const index = Math.floor(step / TILE);
    const all = `${source.key} ${row} ${index}`;
    const tile = source.isOfUnits && tiles.get(all);
    if (tile) return { tile, begin: index * TILE, column: unit };
    const only = source.isOfUnits ? unit : undefined;
    const begin = Math.floor(step / stripSteps) * stripSteps;
    const strip = had(`strip ${only} ${source.key} ${row} ${begin}`, source, { row, step: begin, steps: stripSteps, only }, !isSeen);
    if (strip && isAtRest && source.isOfUnits) had(all, source, { row, step: index * TILE, steps: TILE }, true);
    return { tile: strip, begin, column: 0 };
  }

  /** @param {string} key @param {Source} source @param {Record<string, any>} window @param {boolean} [isAhead] */
  function had(key, source, window, isAhead = false) {
    const known = tiles.get(key);
    if (known) return known;
    if (known === undefined && !(isAhead && underway)) ask(tiles, key, async () => {
      const { buffer, headers } = await bytes(source.where, { ...source.query, ...window }, signal);
      const number = (/** @type {string} */ name) => Number(headers.get(name));
      tiles.set(key, { data: new Int8Array(buffer), units: number("X-Units"), scale: number("X-Scale"), steps: number("X-Steps") });
      scales.set(source.key, number("X-Scale"));
      held += buffer.byteLength;
      for (const [old, gone] of tiles) {
        if (held <= MOST_BYTES) break;
        if (!gone || old === key) continue;
        held -= gone.data.byteLength;
        tiles.delete(old);
      }
    });
    return undefined;
  }

  /** @param {Map<string, any>} kept @param {string} key @param {() => Promise<void>} fetching */
  async function ask(kept, key, fetching) {
    kept.set(key, null);
    underway++;
    try {
      await fetching();
      underway--;
      arrived();
      for (const look of waiting) look();
    } catch (error) {
      underway--;
      // a refusal is kept: it would be refused again; what was cut off is not
      if (!(error instanceof Refused && error.status < 500)) kept.delete(key);
      if (!isAborted(error)) failed(error);
    }
  }

  /** Once `isThere`, looked at whenever something arrives, or after some time. @param {() => boolean} isThere @param {number} ms @returns {Promise<void>} */
  const until = (isThere, ms) => new Promise((done) => {
    const end = () => { waiting.delete(look); clearTimeout(timer); done(); };
    const look = () => { if (isThere()) end(); };
    const timer = setTimeout(end, ms);
    waiting.add(look);
    look();
  });

  return {
    layout, line, values, until,
    scale: (/** @type {Source} */ source) => scales.get(source.key),
    /** @param {string} run @param {string} site @param {number} layer @returns {Source} */
    units: (run, site, layer) => ({ key: `units ${run} ${site} ${layer}`, where: base("units", run, "tile"), query: { site, layer }, isOfUnits: true }),
    /** @param {string} predictor @returns {Source} */
    surprise: (predictor) => ({ key: `surprise ${predictor}`, where: base("surprise", predictor, "tile"), query: {} }),
    /** @param {string} track @returns {Source} */
    track: (track) => ({ key: `track ${track}`, where: base("track", "tile"), query: { track } }),
    /** @param {Record<string, any>} query @param {AbortSignal} [until] */
    at: (query, until = signal) => get(base("at"), query, until),
    /** @param {Record<string, any>} query */
    find: (query) => get(base("find"), query, signal),
  };
}
