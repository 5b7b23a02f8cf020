// @ts-check
// What benchmarks/explorer.py measures inside the page of the view Text. Times end after a frame was painted.

(() => {
  const frame = () => new Promise(requestAnimationFrame);
  const rest = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
  /** Comes after the frame that is drawn next: messages wait for it. */
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  }));
  const sheet = () => /** @type {HTMLElement} */ (document.querySelector(".sheet"));

  function seenLines() {
    const seen = sheet().getBoundingClientRect();
    return [...document.querySelectorAll(".line")].filter((line) => {
      const box = line.getBoundingClientRect();
      return box.bottom > seen.top && box.top < seen.bottom;
    });
  }

  /** Whether every line that is seen has its text, and the first character of each its colour. */
  function isWhole() {
    const lines = sheet() ? seenLines() : [];
    if (!lines.length || lines.some((line) => !line.textContent)) return false;
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".pane canvas"));
    const [seen, box] = [sheet().getBoundingClientRect(), canvas.getBoundingClientRect()];
    const scale = canvas.height / box.height;
    const from = Math.max(0, Math.ceil((seen.top - box.top) * scale));
    const to = Math.min(canvas.height, Math.floor((seen.bottom - box.top) * scale));
    const data = canvas.getContext("2d")?.getImageData(0, from, 1, to - from).data ?? [];
    for (let at = 3; at < data.length; at += 4) if (!data[at]) return false;
    return true;
  }

  /** Whether the mark of the chosen place is where one sees it. */
  function isChosenSeen() {
    const seen = sheet().getBoundingClientRect();
    const chosen = document.querySelector(".spot.chosen")?.getBoundingClientRect();
    return Boolean(chosen && chosen.height && chosen.top >= seen.top && chosen.bottom <= seen.bottom);
  }

  async function whole() {
    while (!isWhole()) await frame();
    await painted();
  }

  Object.assign(globalThis, { measuring: {
    whole,
    characters: () => seenLines().reduce((sum, line) => sum + (line.textContent ?? "").length, 0),
    /** @param {number} times */
    async flip(times) {
      const took = [];
      for (let turn = 0; turn < times; turn++) {
        await rest(30);
        const start = performance.now();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
        await painted();
        took.push(performance.now() - start);
      }
      return took;
    },
    /** @param {string[]} places */
    async jump(places) {
      const took = [];
      for (const place of places) {
        const box = /** @type {HTMLInputElement} */ (document.querySelector(".jump"));
        box.value = place;
        const start = performance.now();
        box.form?.requestSubmit();
        while (new URLSearchParams(location.search).get("at") !== place || !isChosenSeen()) await frame();
        await whole();
        took.push(performance.now() - start);
        await rest(150);
      }
      return took;
    },
    /** @param {number} pixels @param {number} by pixels a frame */
    async scroll(pixels, by) {
      const took = [];
      const begin = sheet().scrollTop;
      let last = await frame();
      while (sheet().scrollTop - begin < pixels && sheet().scrollTop + sheet().clientHeight < sheet().scrollHeight - 2) {
        sheet().scrollTop += by;
        const now = await frame();
        took.push(now - last);
        last = now;
      }
      return took;
    },
  } });
})();
