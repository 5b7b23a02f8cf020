// @ts-check
// A region drawn with mouse, pen or finger onto the panels of the saturation figure. Knows the figure's panels,
// not what is done with a region.

const NEAR_PX = 12;
const LEAST_PX = 5;

/**
 * @typedef {{gate: string, layer: string, isStill: boolean, open: [number, number], shut: [number, number]}} Region
 * @typedef {{rect: DOMRect, gate: string, run: string}} Panel
 */

/** The panels where they are on the page, in the order of their headings. @param {HTMLElement} box @param {any} spec @returns {Panel[]} */
function panelsOf(box, spec) {
  const cells = [...box.querySelectorAll("g.role-scope.cell > g > path.background")].map((each) => each.getBoundingClientRect());
  cells.sort((a, b) => Math.abs(a.top - b.top) > 4 ? a.top - b.top : a.left - b.left);
  return spec.facet.sort.map((/** @type {string} */ heading, /** @type {number} */ at) => {
    const cut = heading.indexOf("|");
    return { rect: cells[at], gate: heading.slice(0, cut), run: heading.slice(cut + 1) };
  }).filter((/** @type {Panel} */ panel) => panel.rect);
}

/**
 * @param {HTMLElement} box the figure's plot @param {any} spec
 * @param {{brushed: (gate: string, open: [number, number], shut: [number, number], isOver: boolean) => void,
 *   dropped: () => void, picked: (panel: Panel, at: {right: number, left: number, reach: number}) => void}} heard
 */
export function brush(box, spec, { brushed, dropped, picked }) {
  /** @type {{panel: Panel, x: number, y: number, id: number, moved: boolean} | null} */
  let drag = null;
  const inside = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
  /** @param {Panel} panel @param {number} x @param {number} y */
  const place = ({ rect }, x, y) => ({ right: inside((x - rect.left) / rect.width), left: inside(1 - (y - rect.top) / rect.height) });
  const around = (/** @type {number} */ a, /** @type {number} */ b) => /** @type {[number, number]} */ ([Math.min(a, b), Math.max(a, b)].map((each) => Math.round(each * 1000) / 1000));

  /** @param {PointerEvent} event @param {boolean} isOver */
  function tell(event, isOver) {
    if (!drag) return;
    const from = place(drag.panel, drag.x, drag.y);
    const to = place(drag.panel, event.clientX, event.clientY);
    brushed(drag.panel.gate, around(from.right, to.right), around(from.left, to.left), isOver);
  }
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const slack = 4;
    const panel = panelsOf(box, spec).find(({ rect }) =>
      event.clientX >= rect.left - slack && event.clientX <= rect.right + slack && event.clientY >= rect.top - slack && event.clientY <= rect.bottom + slack);
    if (!panel) return;
    drag = { panel, x: event.clientX, y: event.clientY, id: event.pointerId, moved: false };
    if (event.pointerType === "mouse") event.preventDefault(); // no text is selected
  });
  box.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    if (!event.buttons) return void (drag = null);  // let go of beyond the chart
    if (!drag.moved) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < LEAST_PX) return;
      drag.moved = true;
      box.setPointerCapture(drag.id);
    }
    tell(event, false);
  });
  box.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    if (drag.moved) tell(event, true);
    else picked(drag.panel, { ...place(drag.panel, event.clientX, event.clientY), reach: NEAR_PX / drag.panel.rect.width });
    drag = null;
  });
  // a finger that goes up or down first scrolls the page: what it drew until then is not meant
  box.addEventListener("pointercancel", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    if (drag.moved) dropped();
    drag = null;
  });
}
