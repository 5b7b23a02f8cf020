// @ts-check
// A conversation with a network over one WebSocket: one question at a time, a new one ends the last. Knows no view.

/**
 * @typedef {object} Conversation
 * @property {(message: Record<string, any>, heard: (answer: any) => void) => void} ask
 * @property {() => void} stop
 * @property {() => void} close
 */

/**
 * @param {string} path of /api @param {(isThere: boolean) => void} [changed] hears whether the explorer is there
 * @returns {Conversation}
 */
export function conversation(path, changed = () => {}) {
  /** @type {WebSocket | null} */
  let socket = null;
  let number = 0;
  let isClosed = false;
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
      if (answer.id === number) hear(answer);
    });
    mine.addEventListener("close", () => {
      if (isClosed || socket !== mine) return;
      socket = null;
      changed(false);
      hear({ kind: "refused", error: "the explorer has stopped answering; is it still running?" });
    });
  }
  let waiting = "";

  return {
    ask(message, heard) {
      hear = heard;
      say(JSON.stringify({ ...message, id: ++number }));
    },
    stop() {
      if (socket && socket.readyState === WebSocket.OPEN) this.ask({ kind: "stop" }, hear);
    },
    close() {
      isClosed = true;
      socket?.close();
    },
  };
}
