// @ts-check
// How a figure's chart is drawn into a box, for the report and for the explorer. Knows neither page.

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
  if (page.narrow) {
    const isNarrow = box.clientWidth < page.below_px;
    return { spec: isNarrow ? { ...page.narrow, description: spec.description } : spec, room: isNarrow ? "narrow" : "wide" };
  }
  const { columns, size, gap } = panels(page, box.clientWidth);
  return {
    spec: { ...spec, columns, spacing: gap, spec: { ...spec.spec, width: size, height: size } },
    room: `${columns} ${size}`,
  };
}

/** Rows as objects. @param {{columns: string[], rows: unknown[][]}} table */
function objects({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index], value])));
}

/**
 * Draws a chart into a box; the result has `view` and `finalize`.
 * @param {HTMLElement} box @param {any} spec a Vega-Lite spec of the data named 'rows' @param {object[]} rows @param {object} config
 */
function embed(box, spec, rows, config) {
  const whole = { ...fitted(box, spec).spec, datasets: { ...spec.datasets, rows } };
  // @ts-ignore: the bundle puts it there
  return window.vegaEmbed(box, whole, {
    config,
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true, // expressions are interpreted: the page's policy allows no eval
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true, theme: "plain" },
  });
}

// @ts-ignore: modules of the report cannot import one another, they stand in one file
globalThis.drawing = { embed, fitted, objects };
