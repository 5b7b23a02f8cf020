// @ts-check
// Light, dark or as the system has it. Charts hear of it through the "scheme" event.

const root = document.documentElement;
const button = /** @type {HTMLButtonElement} */ (document.getElementById("scheme"));
const system = matchMedia("(prefers-color-scheme: dark)");
let chosen = "";

function apply() {
  const scheme = chosen || (system.matches ? "dark" : "light");
  if (chosen) root.dataset.chosen = chosen;
  root.dataset.scheme = scheme;
  button.textContent = scheme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", scheme === "dark" ? "Change to light colours" : "Change to dark colours");
  document.dispatchEvent(new CustomEvent("scheme", { detail: scheme }));
}

button.addEventListener("click", () => {
  chosen = root.dataset.scheme === "dark" ? "light" : "dark";
  apply();
});
system.addEventListener("change", apply);
button.hidden = false;
apply();
