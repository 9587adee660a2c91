// The connections that are open, and those that have just ended: what the daemon listed, kept up to date by the feed.
import { get } from './api.js';
import { live } from './live.js';

const SHOWN_CLOSED_MS = 8000;
// The daemon tells of the newest; which are told apart from those that were closed by their number alone.
export const MOST = 1000;
const SILENT_MS = 1600;

/** @type {Map<number, any>} The daemon's rows, with began, rateIn, rateOut, seen and, once it is over, closed. */
export const connections = new Map();

/** @param {any} row @param {any} before @param {number} now */
function withRates(row, before, now) {
  const seconds = (now - before.seen) / 1000;
  if (seconds < 0.1) return { rateIn: before.rateIn, rateOut: before.rateOut };
  return {
    rateIn: Math.max(0, ((row.received ?? before.received) - before.received) / seconds),
    rateOut: Math.max(0, ((row.sent ?? before.sent) - before.sent) / seconds),
  };
}

/** @param {any} row @param {number} now */
function take(row, now) {
  const before = connections.get(row.id);
  const began = row.age_seconds === undefined ? before?.began ?? now : now - row.age_seconds * 1000;
  const rates = before ? withRates(row, before, now) : { rateIn: 0, rateOut: 0 };
  connections.set(row.id, { ...before, ...row, ...rates, began: before?.began ?? began, seen: now, closed: undefined });
}

/** @param {number} id @param {number} now */
function end(id, now) {
  const row = connections.get(id);
  if (connections.size >= MOST) connections.delete(id);
  else if (row && !row.closed) connections.set(id, { ...row, closed: now, state: 'closed', rateIn: 0, rateOut: 0 });
}

/** Forgets what ended a while ago, and the rates of what has been silent. */
export function settle() {
  const now = Date.now();
  for (const [id, row] of connections) {
    if (row.closed && now - row.closed > SHOWN_CLOSED_MS) connections.delete(id);
    else if (!row.closed && now - row.seen > SILENT_MS && (row.rateIn || row.rateOut)) {
      connections.set(id, { ...row, rateIn: 0, rateOut: 0 });
    }
  }
}

/** Asks for all of them: what the daemon does not list is closed. */
export async function refresh() {
  const told = await get('/connections', { limit: MOST });
  const now = Date.now();
  const open = new Set(told.connections.map((/** @type {any} */ row) => row.id));
  for (const row of told.connections) take(row, now);
  for (const id of connections.keys()) if (!open.has(id)) end(id, now);
}

live.listen('connections', (message) => {
  const now = Date.now();
  for (const row of message.opened ?? []) take(row, now);
  for (const row of message.changed ?? []) take(row, now);
  for (const id of message.closed ?? []) end(id, now);
});
live.addEventListener('state', () => {
  if (live.state === 'live') refresh().catch(() => {});
});
