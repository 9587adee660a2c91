// The exchanges that fit a search: pages of the history, oldest wanted last, and what the feed brings meanwhile.
import { get } from '../core/api.js';

// The first page is small, so that it is there at once; later ones grow, for somebody is going far back.
const FIRST_PAGE = 300;
const LARGEST_PAGE = 2000;
const MOST_ROWS = 100_000;
const DRAW_MS = 120;
const CATCH_UP_MS = 1000;

/** Whether the daemon would have found it: see HistoryFilter. @param {any} row @param {Record<string, any>} query */
function fits(row, query) {
  const client = String(row.client ?? '');
  const { status } = query;
  return (!query.host || String(row.host ?? '').includes(query.host)) &&
    (!query.client || client.startsWith(`${query.client}:`) || client.startsWith(`[${query.client}]:`)) &&
    (!query.verdict || row.verdict === query.verdict) &&
    (!status || row.status === Number(status) || Math.floor(row.status / 100) === Number(status)) &&
    (!query.text || JSON.stringify(row).includes(query.text));
}

/** What tells rows apart. Connections that ended without a request have no id. @param {any} row @returns {string} */
export const keyOf = (row) => row.request_id || `${row.time} ${row.client}`;

export class ExchangeList {
  /** @type {any[]} newest first */
  rows = [];
  complete = false;
  loading = false;
  following = true;
  problem = '';
  skipped = 0;
  /** @type {Record<string, any>} */
  #query = {};
  /** @type {Set<string>} */
  #known = new Set();
  #drawing = 0;
  #catchingUp = 0;
  #search = new AbortController();

  /**
   * @param {AbortSignal} signal ends it
   * @param {(others: boolean) => void} changed called when there is something to draw, perhaps other rows than before
   */
  constructor(signal, changed) {
    this.changed = changed;
    signal.addEventListener('abort', () => {
      this.#search.abort();
      clearTimeout(this.#drawing);
      clearTimeout(this.#catchingUp);
    });
  }

  /** @param {Record<string, any>} query */
  search(query) {
    this.#search.abort();
    this.#search = new AbortController();
    this.#query = query;
    this.rows = [];
    this.#known.clear();
    this.complete = this.loading = false;
    this.skipped = 0;
    this.problem = '';
    this.older();
  }

  /** The next page of the past. */
  async older() {
    if (this.loading || this.complete || this.rows.length >= MOST_ROWS) return;
    const { signal } = this.#search;
    this.loading = true;
    try {
      const oldest = this.rows.findLast((row) => row.row !== undefined);
      const limit = Math.min(LARGEST_PAGE, FIRST_PAGE + this.rows.length);
      const found = await get('/exchanges', { ...this.#query, before: oldest?.row, limit }, signal);
      this.rows.push(...this.#unknown(found));
      this.complete = found.length < limit;
    } catch (error) {
      if (signal.aborted) return;
      this.problem = /** @type {any} */ (error).message;
      this.complete = true;
    } finally {
      if (!signal.aborted) this.loading = false;
    }
    this.changed(true);
  }

  /** @param {any[]} rows @returns {any[]} those that are not there yet */
  #unknown(rows) {
    return rows.filter((row) => {
      if (this.#known.has(keyOf(row))) return false;
      this.#known.add(keyOf(row));
      return true;
    });
  }

  /** One that has just ended. @param {any} exchange */
  arrived(exchange) {
    if (!this.following || !fits(exchange, this.#query)) return;
    this.#add([exchange]);
  }

  /** Some were not sent one by one: the history has them. @param {number} number */
  missed(number) {
    if (!this.following) return;
    this.skipped += number;
    this.#catchingUp ||= window.setTimeout(async () => {
      const { signal } = this.#search;
      try {
        this.#add((await get('/exchanges', { ...this.#query, limit: FIRST_PAGE }, signal)).reverse());
      } catch {
        // The next message asks again.
      }
      this.#catchingUp = 0;
    }, CATCH_UP_MS);
  }

  /** @param {any[]} rows oldest first */
  #add(rows) {
    const fresh = this.#unknown(rows);
    if (fresh.length === 0) return;
    this.rows = [...fresh.reverse(), ...this.rows];
    for (const gone of this.rows.splice(MOST_ROWS)) this.#known.delete(keyOf(gone));
    this.#drawing ||= window.setTimeout(() => {
      this.#drawing = 0;
      this.changed(false);
    }, DRAW_MS);
  }
}
