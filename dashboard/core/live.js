// The live feed: one WebSocket, opened again whenever it ends, whose messages are given to whoever listens by type.
import { get } from './api.js';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

class Live extends EventTarget {
  /** "connecting", "live" or "lost". */
  state = 'connecting';
  #delay = FIRST_DELAY;
  /** @type {WebSocket | null} */
  #socket = null;

  start() {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/live`);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#delay = FIRST_DELAY;
      this.#enter('live');
    });
    socket.addEventListener('message', (event) => this.#take(event.data));
    socket.addEventListener('close', () => this.#again());
  }

  stop() {
    this.#socket?.close();
    this.#socket = null;
  }

  /** @param {string} state */
  #enter(state) {
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  /** @param {string} text */
  #take(text) {
    let message = null;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof message?.type === 'string') this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  #again() {
    if (this.#socket === null) return;
    this.#enter('lost');
    setTimeout(() => this.start(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
    // A session that is over leads to the login page; a daemon that is away does not.
    get('/status').catch(() => {});
  }

  /**
   * @param {string} type
   * @param {(message: any) => void} listener
   * @param {AbortSignal} [signal] ends it
   */
  listen(type, listener, signal) {
    this.addEventListener(type, (event) => listener(/** @type {any} */ (event).detail), { signal });
  }
}

export const live = new Live();
