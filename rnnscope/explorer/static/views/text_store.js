// @ts-check
// What the text view has of the server: where lines begin, lines, tiles of colours. Kept, so that a flip, a scroll
// back and a jump back ask for nothing. Knows no element.

import { bytes, get, path } from "../lib/api.js";
import { isAborted } from "../lib/states.js";

/** Steps of a tile. */
export const TILE = 1024;
/** Steps of a strip, which holds one unit alone: what is seen first, before the tiles that hold all of them. */
const STRIP = 8192;
const BLOCK = 128;
const MOST_BYTES = 96 << 20;
const MOST_BLOCKS = 200;

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
  let held = 0, underway = 0;

  /** @param {number} columns @returns {Promise<Layout>} */
  async function layout(columns) {
    const { buffer, headers } = await bytes(base("layout"), { columns }, signal);
    const [rows, rowChars] = [Number(headers.get("X-Rows")), Number(headers.get("X-Row-Chars"))];
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
   * A tile, undefined while it is on its way and where there is none.
   * @param {Source} source @param {number} row @param {number} index @param {boolean} [isAhead] asked for only while nothing else is on its way
   */
  const tile = (source, row, index, isAhead = false) =>
    had(`${source.key} ${row} ${index}`, source, { row, step: index * TILE, steps: TILE }, isAhead);

  /**
   * One unit of a row around a step, and where that begins: asked for before any tile.
   * @param {Source} source @param {number} unit @param {number} row @param {number} step
   */
  function strip(source, unit, row, step) {
    const begin = step - (step % STRIP);
    const key = `strip ${unit} ${source.key} ${row} ${begin}`;
    return { begin, tile: had(key, source, { row, step: begin, steps: STRIP, only: unit }) };
  }

  /** @param {string} key @param {Source} source @param {Record<string, any>} window @param {boolean} [isAhead] */
  function had(key, source, window, isAhead = false) {
    const known = tiles.get(key);
    if (known) return known;
    if (known === undefined && !(isAhead && underway)) ask(tiles, key, async () => {
      const { buffer, headers } = await bytes(source.where, { ...source.query, ...window }, signal);
      const number = (/** @type {string} */ name) => Number(headers.get(name));
      tiles.set(key, { data: new Int8Array(buffer), units: number("X-Units"), scale: number("X-Scale"), steps: number("X-Steps") });
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
    } catch (error) {
      underway--;
      // a refusal is kept: it would be refused again; an abort is not
      if (isAborted(error)) kept.delete(key);
      else failed(error);
    }
  }

  return {
    layout, line, tile, strip,
    has: (/** @type {Source} */ source, /** @type {number} */ row, /** @type {number} */ index) => tiles.get(`${source.key} ${row} ${index}`),
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
