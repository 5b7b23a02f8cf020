// @ts-check
// Numbers and characters for people.

/** @param {number | null | undefined} value @param {number} [decimals] */
export function fixed(value, decimals = 2) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toFixed(decimals).replace("-", "−");
}

/** With its sign. @param {number | null | undefined} value @param {number} [decimals] */
export const signed = (value, decimals = 2) =>
  value === null || value === undefined || !Number.isFinite(value) ? "–" : (value < 0 ? "" : "+") + fixed(value, decimals);

/** @param {number | null | undefined} share @param {number} [decimals] */
export const percent = (share, decimals = 1) =>
  share === null || share === undefined || !Number.isFinite(share) ? "–" : `${fixed(100 * share, decimals)} %`;

const thousands = new Intl.NumberFormat("en");
/** @param {number} count */
export const whole = (count) => thousands.format(count);

/** A cell of a table. @param {any} value @param {string} [name] the column */
export function cell(value, name = "") {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (/(_rate|_share)$|^share/.test(name)) return percent(value);
  if (Number.isInteger(value)) return whole(value);
  return fixed(value, Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 3 : 4);
}

/** @type {Record<string, string>} */
const MARKS = { "\n": "↵", "\t": "→", "\r": "←", " ": "␣" };
/** A character that can be seen. @param {string} character */
export const visible = (character) =>
  MARKS[character] ?? (/[\p{C}\p{Z}]/u.test(character) ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}` : character);
