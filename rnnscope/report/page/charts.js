// @ts-check
// Draws every figure's chart, and again when colours or the room for it change.

// @ts-ignore: drawing.js puts it there
const { embed, fitted, objects } = globalThis.drawing;
/** @param {string} id */
const json = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
const configs = json("configs");
const boxes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-chart]")]);
/** @type {Map<HTMLElement, {finalize: () => void, room: string, turn: number}>} */
const drawn = new Map();

/** @param {HTMLElement} box */
async function draw(box) {
  const id = box.dataset.chart ?? "";
  const turn = (drawn.get(box)?.turn ?? 0) + 1;
  const spec = json(`${id}-spec`);
  const { room } = fitted(box, spec);
  drawn.get(box)?.finalize();
  drawn.set(box, { finalize: () => {}, room, turn });
  try {
    const config = configs[document.documentElement.dataset.scheme ?? "light"];
    const result = await embed(box, spec, objects(json(`${id}-data`)), config);
    if (drawn.get(box)?.turn !== turn) return result.finalize();
    drawn.set(box, { finalize: result.finalize, room, turn });
    box.dataset.drawn = document.documentElement.dataset.scheme;
  } catch (error) {
    const message = document.createElement("p");
    message.className = "notice";
    message.setAttribute("role", "status");
    message.textContent = `This chart could not be drawn (${error}). Its data are in the table below.`;
    box.replaceChildren(message);
    box.closest("figure")?.querySelector("details")?.setAttribute("open", "");
    box.dataset.failed = "";
  }
  box.removeAttribute("aria-busy");
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const box = /** @type {HTMLElement} */ (target);
    const before = drawn.get(box)?.room;
    if (before && before !== fitted(box, json(`${box.dataset.chart}-spec`)).room) draw(box);
  }
});

async function drawAll() {
  for (const box of boxes) await draw(box);
}

document.addEventListener("scheme", drawAll);
await drawAll();
for (const box of boxes) observer.observe(box);
