// @ts-check
// What a view is while it has nothing to show: at work, empty, refused, or without a record: one that a command makes
// or one that is being made. Knows no view.

import { Refused } from "./api.js";
import { h, say } from "./dom.js";
import { percent } from "./numbers.js";

/** @typedef {import("./api.js").Making} Making */

/** @param {string} [what] */
export const loading = (what = "Reading records") =>
  h("p.state.loading", { role: "status" }, h("span.spinner", { "aria-hidden": "true" }), `${what}\u00a0…`);

/**
 * Work that tells its share: what is done, how much of it, and a button that ends it.
 * @param {string} what @param {(() => void) | null} [stop]
 */
export function working(what, stop = null) {
  const words = h("span", {}, `${what}\u00a0…`);
  const bar = h("progress", { max: "1", value: 0, "aria-label": what });
  const share = h("span.share");
  const element = h("div.state.working", {}, h("p.doing", { role: "status" }, h("span.spinner", { "aria-hidden": "true" }), words),
    h("div.row.done", {}, bar, share, stop && h("button.quiet", { type: "button", onclick: stop }, "Stop")));
  const told = (/** @type {number} */ done, /** @type {string} */ now = what) => {
    if (now !== what) { words.textContent = `${now}\u00a0…`; bar.setAttribute("aria-label", now); what = now; }
    bar.value = done;
    share.textContent = percent(done, 0);
  };
  return { element, told };
}

/** @param {string} title @param {...any} more */
export const empty = (title, ...more) => h("div.state.empty", {}, h("h2", {}, title), more.map((each) => typeof each === "string" ? h("p", {}, each) : each));

/** A command, and a button that copies it. @param {string} command */
export function commandBox(command) {
  const copy = h("button.quiet", {
    type: "button",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(command);
        copy.textContent = "Copied";
      } catch {
        getSelection()?.selectAllChildren(code);
        copy.textContent = "Selected";
      }
      say(`${copy.textContent}: ${command}`);
    },
  }, "Copy");
  const code = h("code", {}, command);
  return h("div.command", {}, h("pre", { tabindex: "0", "aria-label": "Command" }, code), copy);
}

/** Why a part of a run has no trace. @param {any} run @param {string} part */
export function untraced(run, part) {
  const { error, command, making } = run.untraced[part];
  return new Refused(error, command, 404, making);
}

/** All that is being made. @param {any} library @returns {Making[]} */
export const makings = (library) => library.corpora.flatMap((/** @type {any} */ corpus) => corpus.runs.flatMap((/** @type {any} */ run) =>
  Object.values(run.untraced).flatMap((/** @type {any} */ each) => each.making ?? [])));

/** How much is made: it goes on with what the shell hears. @param {Making} making */
export function progress(making) {
  const bar = h("progress", { max: "1", "aria-label": "Made" }), share = h("span");
  const element = h("span.making", {}, bar, share);
  const show = (/** @type {Making} */ now) => {
    if (now.share) bar.value = now.share;
    share.textContent = now.share ? percent(now.share, 0) : "beginning";
  };
  document.addEventListener("making", function hear(event) {
    if (!element.isConnected) return document.removeEventListener("making", hear);
    const now = /** @type {CustomEvent<Making[]>} */ (event).detail.find(({ corpus, run, part }) => corpus === making.corpus && run === making.run && part === making.part);
    if (now) show(now);
  });
  show(making);
  return element;
}

/** In a view that shows something all the same: what it lacks. @param {unknown} error @param {string} [more] what that means here */
export function lacking(error, more = "") {
  const message = error instanceof Error ? error.message : String(error);
  const { command = "", making = null } = error instanceof Refused ? error : {};
  return h("div.notice", { role: "status" }, h("p", {}, `${sentence(message)}${more && ` ${more}`}${command && " This command does it:"}`),
    command ? commandBox(command) : making && progress(making));
}

/** @param {string} message */
const sentence = (message) => `${message.replace(/;.*$|[.]$/s, "")}.`;

/** Why a view shows nothing. @param {unknown} error */
export function refused(error) {
  if (error instanceof Refused && error.making)
    return empty("Being made", `${sentence(error.message)} Every unit is kept at every character, once.`, progress(error.making), h("p.note", {}, "The view opens by itself."));
  if (error instanceof Refused && error.command)
    return empty("Not there yet", sentence(error.message), h("p", {}, "This command makes it; the view opens by itself once it is there:"), commandBox(error.command));
  const message = error instanceof Error ? error.message : String(error);
  return h("div.state.failed", { role: "alert" }, h("h2", {}, "This could not be shown"), h("p", {}, message));
}

/** Whether it is gone because another answer was wanted meanwhile. @param {unknown} error */
export const isAborted = (error) => error instanceof DOMException && error.name === "AbortError";
