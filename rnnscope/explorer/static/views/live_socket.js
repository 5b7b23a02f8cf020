// @ts-check
// A conversation with a network over one WebSocket: one question at a time, a new one ends the last. Knows no view.

/**
 * @typedef {object} Conversation
 * @property {(message: Record<string, any>, heard: (answer: any) => void) => void} ask
 * @property {() => void} stop
 * @property {() => void} close
 */

/**
 * What hears an answer hears `{kind: "cut"}` where the connection ends before all of it has come.
 * @param {string} path of /api @param {(isThere: boolean) => void} changed hears whether the explorer is there
 * @returns {Conversation}
 */
export function conversation(path, changed) {
  /** @type {WebSocket | null} */
  let socket = null;
  let number = 0;
  let isClosed = false, isPending = false;
  /** @type {(answer: any) => void} */
  let hear = () => {};

  /** The socket, opened anew where it was lost. @param {string} text what is to be said */
  function say(text) {
    if (socket && socket.readyState === WebSocket.OPEN) return socket.send(text);
    if (socket && socket.readyState === WebSocket.CONNECTING) {
      waiting = text;
      return;
    }
    waiting = text;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = (socket = new WebSocket(`${scheme}//${location.host}${path}`));
    mine.addEventListener("open", () => {
      changed(true);
      if (waiting) mine.send(waiting);
      waiting = "";
    });
    mine.addEventListener("message", (event) => {
      const answer = JSON.parse(event.data);
      if (answer.id !== number) return;
      if (["done", "stopped", "refused"].includes(answer.kind)) isPending = false;
      hear(answer);
    });
    mine.addEventListener("close", () => {
      if (isClosed || socket !== mine) return;
      socket = null;
      waiting = "";
      changed(false);
      cut();
    });
  }
  let waiting = "";

  function cut() {
    if (isPending) hear({ kind: "cut" });
    isPending = false;
  }

  return {
    ask(message, heard) {
      hear = heard;
      isPending = true;
      say(JSON.stringify({ ...message, id: ++number }));
    },
    stop() {
      if (socket && socket.readyState === WebSocket.OPEN) return this.ask({ kind: "stop" }, hear);
      waiting = "";  // not even asked yet
      cut();
    },
    close() {
      isClosed = true;
      socket?.close();
    },
  };
}
