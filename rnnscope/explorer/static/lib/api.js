// @ts-check
// The numbers, from /api.

/**
 * What a process makes just now.
 * @typedef {{corpus: string, run: string, part: string, share: number}} Making
 */

/** What could not be had, and the command that makes it or how much of it is made. */
export class Refused extends Error {
  /** @param {string} message @param {string} command @param {number} status @param {Making | null} [making] */
  constructor(message, command, status, making = null) {
    super(message);
    this.command = command;
    this.status = status;
    this.making = making;
  }
}

/** A path under /api of names, which are escaped here. @param {...(string | number)} names */
export const path = (...names) => "/api/" + names.map((each) => encodeURIComponent(String(each))).join("/");

/** @param {string} where @param {Record<string, any>} [query] */
export function address(where, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return pairs.length ? `${where}?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)]))}` : where;
}

/** @param {Response} response */
async function checked(response) {
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Refused(said.error ?? `the explorer answered ${response.status}`, said.command ?? "", response.status, said.making);
}

/** @param {string} where @param {Record<string, any>} [query] @param {AbortSignal} [signal] */
export async function get(where, query = {}, signal = undefined) {
  return (await checked(await fetch(address(where, query), { signal }))).json();
}

const LISTEN_MS = 350;

/**
 * An answer that takes its time; meanwhile its share is asked for.
 * @template T @param {Promise<T>} answer @param {() => Promise<{share: number}>} asked @param {(share: number) => void} told
 * @returns {Promise<T>}
 */
export async function heard(answer, asked, told) {
  let isOver = false;
  const over = answer.then(() => {}, () => {}).then(() => { isOver = true; });
  while (!isOver) {
    await Promise.race([over, new Promise((done) => setTimeout(done, LISTEN_MS))]);
    if (isOver) break;
    const now = await Promise.race([over, asked().catch(() => null)]);
    if (!isOver && now) told(now.share);
  }
  return answer;
}

/** @param {string} where @param {any} body @param {AbortSignal} [signal] */
export async function post(where, body, signal = undefined) {
  const headers = { "Content-Type": "application/json" };
  return (await checked(await fetch(where, { method: "POST", headers, body: JSON.stringify(body), signal }))).json();
}

/** Bytes and the answer's headers. @param {string} where @param {Record<string, any>} [query] @param {AbortSignal} [signal] */
export async function bytes(where, query = {}, signal = undefined) {
  const response = await checked(await fetch(address(where, query), { signal }));
  return { buffer: await response.arrayBuffer(), headers: response.headers };
}
