// @ts-check
// What a view is while it has nothing to show: at work, empty, refused, or without a record that a command makes.

import { Refused } from "./api.js";
import { h, say } from "./dom.js";

/** @param {string} [what] */
export const loading = (what = "Reading records") =>
  h("p.state.loading", { role: "status" }, h("span.spinner", { "aria-hidden": "true" }), `${what} …`);

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

/** Why a view shows nothing. @param {unknown} error */
export function refused(error) {
  if (error instanceof Refused && error.command)
    return empty("Not there yet", error.message.replace(/;.*$/, "."), h("p", {}, "This command makes it; the view opens by itself once it is there:"), commandBox(error.command));
  const message = error instanceof Error ? error.message : String(error);
  return h("div.state.failed", { role: "alert" }, h("h2", {}, "This could not be shown"), h("p", {}, message));
}

/** Whether it is gone because another answer was wanted meanwhile. @param {unknown} error */
export const isAborted = (error) => error instanceof DOMException && error.name === "AbortError";
