// @ts-check
// A value in [-1, 1] as a colour, on one fixed scale: the same value has the same colour everywhere.

/** Ends of each palette, light and dark: [-1, +1]. The first is safe for the colour-blind, the second is the paper's. */
export const PALETTES = {
  clear: { words: "orange and blue", light: ["#e66100", "#2166c4"], dark: ["#f0862f", "#4f95ee"] },
  paper: { words: "red and blue, as in the paper", light: ["#e0301e", "#2b4fd8"], dark: ["#ff5a48", "#6c8bff"] },
};
const STEPS = 127;
const PAPER = { light: [255, 255, 255], dark: [20, 23, 26] };

/** @param {string} hex */
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** @returns {"light" | "dark"} */
const scheme = () => (document.documentElement.dataset.scheme === "dark" ? "dark" : "light");
export const palette = () => /** @type {keyof typeof PALETTES} */ (localStorage.getItem("palette") === "paper" ? "paper" : "clear");

/** @param {string} name */
export function choosePalette(name) {
  localStorage.setItem("palette", name);
  document.dispatchEvent(new CustomEvent("scheme"));
}

/** @type {{key: string, colours: string[]}} */
let known = { key: "", colours: [] };

/** Colours of -127 ... 127, index 127 + value; zero is the paper's own. Kept below full strength: text stands on them. */
export function ramp() {
  const key = `${palette()} ${scheme()}`;
  if (known.key !== key) {
    const [low, high] = PALETTES[palette()][scheme()].map(rgb);
    const paper = PAPER[scheme()];
    const colours = Array.from({ length: 2 * STEPS + 1 }, (_, index) => {
      const value = (index - STEPS) / STEPS;
      const end = value < 0 ? low : high;
      const share = 0.72 * Math.abs(value) ** 0.9;
      return `rgb(${paper.map((p, c) => Math.round(p + share * (end[c] - p))).join(" ")})`;
    });
    known = { key, colours };
  }
  return known.colours;
}

/** @param {number} value in [-1, 1] */
export const colour = (value) => ramp()[STEPS + Math.round(STEPS * Math.max(-1, Math.min(1, value || 0)))];
