// The exchanges that fit a search: pages of the history, oldest wanted last, and what the feed brings meanwhile.
import { get } from '../core/api.js';

// The first page is small, so that it is there at once; later ones grow, for somebody is going far back.
const FIRST_PAGE = 300;
const LARGEST_PAGE = 2000;
const MOST_ROWS = 100_000;
const DRAW_MS = 120;
const CATCH_UP_MS = [1000, 5000];

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
  /** @type {Map<string, any>} */
  #known = new Map();
  #drawing = 0;
  #catchingUp = 0;
  /** @type {number[]} */
  #later = [];
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
      this.#later.forEach(clearTimeout);
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
    this.catchUpSoon();
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
      const known = this.#known.get(keyOf(row));
      // The feed does not know the numbers of rows; the history does.
      if (known) known.row ??= row.row;
      else this.#known.set(keyOf(row), row);
      return !known;
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
    this.#catchingUp ||= window.setTimeout(() => {
      this.#catchingUp = 0;
      this.#catchUp();
    }, CATCH_UP_MS[0]);
  }

  /** The history is written some time after the feed tells, and the feed tells nothing of what was before it was opened. */
  catchUpSoon() {
    this.#later.forEach(clearTimeout);
    this.#later = CATCH_UP_MS.map((delay) => window.setTimeout(() => this.#catchUp(), delay));
  }

  async #catchUp() {
    if (!this.following) return;
    const { signal } = this.#search;
    try {
      this.#add((await get('/exchanges', { ...this.#query, limit: FIRST_PAGE }, signal)).reverse());
    } catch {
      // What comes next asks again.
    }
  }

  /** Some that came late belong between others. @param {number} late */
  #sortNewest(late) {
    const newest = this.rows.splice(0, late + FIRST_PAGE);
    newest.sort((one, other) => (one.time < other.time ? 1 : one.time > other.time ? -1 : 0));
    this.rows.unshift(...newest);
  }

  /** @param {any[]} rows oldest first */
  #add(rows) {
    const fresh = this.#unknown(rows);
    if (fresh.length === 0) return;
    this.rows = [...fresh.reverse(), ...this.rows];
    if (fresh.length < this.rows.length && fresh[fresh.length - 1].time < this.rows[fresh.length].time) this.#sortNewest(fresh.length);
    for (const gone of this.rows.splice(MOST_ROWS)) this.#known.delete(keyOf(gone));
    this.#drawing ||= window.setTimeout(() => {
      this.#drawing = 0;
      this.changed(false);
    }, DRAW_MS);
  }
}
