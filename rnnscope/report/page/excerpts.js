// @ts-check
// Coloured text: flips through the units, shows a character's value, makes white space visible.

/** A character's place in the text, from a place in the document. Code points count, not UTF-16 units. */
function placeOf(/** @type {HTMLElement} */ text, /** @type {Node} */ node, /** @type {number} */ offset) {
  const range = document.createRange();
  range.setStart(text, 0);
  range.setEnd(node, offset);
  return [...range.toString()].length;
}

/** What stands under the pointer. @returns {[Node, number] | null} */
function under(/** @type {number} */ x, /** @type {number} */ y) {
  const page = /** @type {any} */ (document);
  if (page.caretPositionFromPoint) {
    const caret = page.caretPositionFromPoint(x, y);
    return caret && [caret.offsetNode, caret.offset];
  }
  const range = page.caretRangeFromPoint?.(x, y);
  return range && [range.startContainer, range.startOffset];
}

/** The document's range of one character. */
function rangeOf(/** @type {HTMLElement} */ text, /** @type {number} */ place) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(), before = 0; node; node = walker.nextNode()) {
    const characters = [...(node.nodeValue ?? "")];
    if (place < before + characters.length) {
      const start = characters.slice(0, place - before).join("").length;
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, start + characters[place - before].length);
      return range;
    }
    before += characters.length;
  }
  return null;
}

function flipbook(/** @type {HTMLElement} */ book) {
  const pages = /** @type {HTMLElement[]} */ ([...book.querySelectorAll(".excerpt")]);
  const select = /** @type {HTMLSelectElement} */ (book.querySelector("select"));
  const output = /** @type {HTMLOutputElement} */ (book.querySelector("output"));
  const white = /** @type {HTMLButtonElement} */ (book.querySelector("[data-white]"));
  const cursor = document.createElement("span");
  cursor.className = "cursor";
  let page = 0;
  let place = -1;

  const text = () => /** @type {HTMLElement} */ (pages[page].querySelector("pre"));
  const values = pages.map((each) => JSON.parse(each.querySelector("script")?.textContent ?? "[]"));

  function clear() {
    place = -1;
    output.textContent = "";
    cursor.remove();
  }

  function flip(/** @type {number} */ to) {
    page = (to + pages.length) % pages.length;
    pages.forEach((each, index) => (each.hidden = index !== page));
    select.value = String(page);
    clear();
  }

  /** Shows one character's value and frames it. */
  function point(/** @type {number} */ to) {
    if (to < 0 || to >= values[page].length) return;
    place = to;
    const range = rangeOf(text(), place);
    if (!range) return;
    const holder = range.startContainer.parentElement;
    const name = holder?.dataset.w ? holder.dataset.w : range.toString();
    const value = (values[page][place] / 100).toFixed(2).replace("-", "−");
    output.textContent = `${name === " " ? "space" : name}  ${value.startsWith("−") ? "" : "+"}${value}`;
    const box = [...range.getClientRects()].at(-1);
    const frame = text().getBoundingClientRect();
    if (!box) return;
    cursor.style.left = `${box.left - frame.left + text().scrollLeft}px`;
    cursor.style.top = `${box.top - frame.top + text().scrollTop}px`;
    cursor.style.width = `${Math.max(box.width, 3)}px`;
    cursor.style.height = `${box.height}px`;
    text().append(cursor);
  }

  function hover(/** @type {PointerEvent} */ event) {
    const at = under(event.clientX, event.clientY);
    if (!at || !text().contains(at[0])) return;
    let to = placeOf(text(), at[0], at[1]);
    // a caret stands between characters: take the one that the pointer is on
    const box = rangeOf(text(), to)?.getBoundingClientRect();
    if (box && event.clientX < box.left) to -= 1;
    point(Math.max(to, 0));
  }

  book.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target === text()) {
      const far = { ArrowUp: -60, ArrowDown: 60, Home: -1e9, End: 1e9 }[event.key] ?? step;
      if (!far) return;
      point(Math.min(Math.max(place + far, 0), values[page].length - 1));
    } else if (step && event.target !== select) {
      flip(page + step);
    } else return;
    event.preventDefault();
  });
  for (const button of book.querySelectorAll("[data-flip]"))
    button.addEventListener("click", () => flip(page + Number(/** @type {HTMLElement} */ (button).dataset.flip)));
  select.addEventListener("change", () => flip(Number(select.value)));
  white.addEventListener("click", () => {
    const isShown = book.classList.toggle("white");
    white.setAttribute("aria-pressed", String(isShown));
    clear();
  });
  for (const each of book.querySelectorAll("pre")) {
    each.addEventListener("pointermove", (event) => hover(/** @type {PointerEvent} */ (event)));
    each.addEventListener("pointerdown", (event) => hover(/** @type {PointerEvent} */ (event)));
    each.addEventListener("focus", () => place < 0 && point(0));
    each.addEventListener("blur", clear);
    each.addEventListener("pointerleave", clear);
  }
  for (const hidden of book.querySelectorAll(".controls, .keys")) /** @type {HTMLElement} */ (hidden).hidden = false;
  book.classList.add("on");
  flip(0);
}

for (const book of document.querySelectorAll("[data-flipbook]")) flipbook(/** @type {HTMLElement} */ (book));
