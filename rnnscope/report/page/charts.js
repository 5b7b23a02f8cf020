// @ts-check
// Draws every figure's chart, and again when colours or the room for it change.

/** @param {string} id */
const json = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
const configs = json("configs");
const boxes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-chart]")]);
/** @type {Map<HTMLElement, {finalize: () => void, room: string, turn: number}>} */
const drawn = new Map();

/** The rows of a figure as objects. @param {string} id */
function rowsOf(id) {
  const { columns, rows } = json(`${id}-data`);
  return rows.map((/** @type {unknown[]} */ row) =>
    Object.fromEntries(row.map((value, index) => [columns[index], value])));
}

/**
 * How many panels stand side by side, and how wide each is: whole groups (the gates of one run, say) where they fit.
 * @param {{panels: number, group: number, least_px: number, most_px: number}} page
 * @param {number} width
 */
function panels(page, width) {
  const gap = width < 500 ? 14 : 24;
  const room = width - 64; // the axis' labels and title
  const fit = (/** @type {number} */ least) => Math.max(1, Math.floor((room + gap) / (least + gap)));
  let columns = fit(page.least_px);
  if (columns >= page.group) columns -= columns % page.group;
  else if (fit(80) >= page.group) columns = page.group;
  columns = Math.min(columns, page.panels);
  const size = Math.max(40, Math.floor(Math.min(page.most_px, (room - gap * (columns - 1)) / columns)));
  return { columns, size, gap };
}

/** The chart for the room there is. @param {HTMLElement} box @param {any} spec */
function fitted(box, spec) {
  const page = spec.usermeta?.rnnscope;
  if (!page) return { spec, room: "" };
  const { columns, size, gap } = panels(page, box.clientWidth);
  spec.columns = columns;
  spec.spacing = gap;
  spec.spec.width = spec.spec.height = size;
  return { spec, room: `${columns} ${size}` };
}

/** @param {HTMLElement} box */
async function draw(box) {
  const id = box.dataset.chart ?? "";
  const turn = (drawn.get(box)?.turn ?? 0) + 1;
  const { spec, room } = fitted(box, json(`${id}-spec`));
  drawn.get(box)?.finalize();
  drawn.set(box, { finalize: () => {}, room, turn });
  try {
    spec.datasets = { ...spec.datasets, rows: rowsOf(id) };
    // @ts-ignore: the bundle puts it there
    const result = await window.vegaEmbed(box, spec, {
      config: configs[document.documentElement.dataset.scheme ?? "light"],
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true, // expressions are interpreted: the page's policy allows no eval
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true, theme: "plain" },
    });
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
