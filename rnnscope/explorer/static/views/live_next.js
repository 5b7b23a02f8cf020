// @ts-check
// What a network expects next: bars of the likeliest symbols. Knows no network.

import { h } from "../lib/dom.js";
import { fixed, visible } from "../lib/numbers.js";

/** @param {string[]} symbols by id */
export function next(symbols) {
  const list = h("ol.bars", { "aria-label": "Likeliest next characters" });
  const surprise = h("p.note");
  const rows = Array.from({ length: 8 }, () => {
    const [name, bar, share] = [h("code"), h("span.bar"), h("span.share")];
    return { element: h("li", {}, name, h("span.track", {}, bar), share), name, bar, share };
  });
  list.append(...rows.map((each) => each.element));
  return {
    element: h("section.next", {}, h("h2", {}, "What comes next"), list, surprise),
    /** @param {number[]} ids @param {number[]} chances @param {string} here @param {number | null} nats */
    show(ids, chances, here, nats) {
      rows.forEach((row, index) => {
        row.element.hidden = index >= ids.length;
        if (row.element.hidden) return;
        row.name.textContent = visible(symbols[ids[index]]);
        row.bar.style.width = `${100 * chances[index]}%`;
        row.share.textContent = `${fixed(100 * chances[index], 1)} %`;
      });
      surprise.textContent = !here ? "" : nats === null ? `After “${visible(here)}”, the first character: nothing foretold it.`
        : `After “${visible(here)}”, which came with a surprise of ${fixed(nats, 2)} nats (probability ${fixed(100 * Math.exp(-nats), 1)} %).`;
    },
  };
}
