// @ts-check
// Downloads the rows that a table or a chart was made from.

/** One field, quoted as RFC 4180 has it. A text that a spreadsheet would take for a formula is marked as text. */
function field(/** @type {unknown} */ value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

for (const element of document.querySelectorAll("[data-csv]")) {
  const button = /** @type {HTMLButtonElement} */ (element);
  button.hidden = false;
  button.addEventListener("click", () => {
    const data = JSON.parse(document.getElementById(button.dataset.csv ?? "")?.textContent ?? "{}");
    const lines = [data.columns, ...data.rows].map((row) => row.map(field).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }));
    link.download = button.dataset.file ?? "data.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
