// @ts-check
// Elements. Text becomes text nodes and nothing else, so that no corpus, name or label is ever read as HTML.

/**
 * @param {string} tag 'div', 'div.note', 'button#go.quiet'
 * @param {Record<string, any>} [attributes] `on...` are listeners, `data` a map, true and false set or leave out
 * @param {...(Node | string | number | null | undefined | false | any[])} children
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...marks] = tag.split(/(?=[.#])/);
  const element = /** @type {any} */ (document.createElement(name));
  for (const mark of marks)
    if (mark[0] === ".") element.classList.add(mark.slice(1));
    else element.id = mark.slice(1);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2).toLowerCase(), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(9).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** A label around a control. @param {string} text @param {HTMLElement} control */
export const field = (text, control) => h("label.field", {}, h("span", {}, text), control);

/**
 * A select; `choices` are values, or [value, words].
 * @param {(string | [string, string])[]} choices @param {string} chosen @param {(value: string) => void} changed
 */
export function select(choices, chosen, changed, attributes = {}) {
  const options = choices.map((each) => {
    const [value, words] = Array.isArray(each) ? each : [each, each];
    return h("option", { value, selected: value === chosen }, words);
  });
  const element = h("select", { ...attributes, onchange: () => changed(element.value) }, options);
  return element;
}

/** What a screen reader is told. @param {string} text */
export function say(text) {
  byId("said").textContent = text;
}
