// On what an exchange spent its time: a line a phase, one behind the other, the gateway's own work in the accent colour.
import { h } from '../core/dom.js';
import { duration } from '../core/format.js';

const PHASES = [
  ['gateway', 'Gateway', 'our own work: the verdict, the fields, pages'],
  ['queue', 'Queue', 'waiting for a connection that others were using or opening'],
  ['dns', 'DNS', 'the origin\'s addresses'],
  ['connect', 'TCP connect', 'TCP with the origin'],
  ['tls', 'TLS to origin', 'TLS with the origin, its certificate\'s verification included'],
  ['send', 'Send', 'the request flows to the origin'],
  ['wait', 'Wait', 'the origin has the request, and has not begun to answer'],
  ['transfer', 'Transfer', 'the response flows to the client'],
];

/** @param {any} exchange @returns {number | undefined} milliseconds of our own */
export function added(exchange) {
  return exchange.timing ? exchange.timing.gateway ?? 0 : undefined;
}

/** @param {any} exchange */
export function summary(exchange) {
  const own = added(exchange);
  if (own === undefined) return 'No timing was recorded.';
  return h('span', {}, 'The gateway added ', h('strong.own', {}, duration(own)), ' of ', h('strong', {}, duration(exchange.ms)), '.');
}

/** @param {string} title @param {string} hint @param {number} begin @param {number} ms @param {number} whole @param {string} kind */
function line(title, hint, begin, ms, whole, kind) {
  const bar = h('span.phase', { 'data-kind': kind, 'aria-hidden': 'true' });
  bar.style.left = `${100 * begin / whole}%`;
  bar.style.width = `${100 * ms / whole}%`;
  return h('tr', { 'data-phase': kind }, h('th', { scope: 'row', title: hint }, title), h('td.lane', {}, bar),
    h('td.number', {}, duration(ms)), h('td.number.share', {}, `${(100 * ms / whole).toFixed(ms / whole < 0.1 ? 1 : 0)} %`));
}

/** @param {any} exchange */
export function waterfall(exchange) {
  const timing = exchange.timing;
  if (!timing) return null;
  const before = timing.client_tls ?? 0;
  const known = PHASES.filter(([key]) => timing[key] > 0);
  const whole = Math.max(0.001, before + known.reduce((sum, [key]) => sum + timing[key], 0));
  const lines = [];
  let at = before;
  if (before > 0) {
    lines.push(line('Client TLS', 'the client\'s handshake, before the connection\'s first exchange', 0, before, whole, 'client_tls'));
    if (timing.leaf > 0) {
      lines.push(line('· leaf', 'within it: what the certificate took', Math.max(0, before - timing.leaf), timing.leaf, whole, 'leaf'));
    }
  }
  for (const [key, title, hint] of known) {
    lines.push(line(title, hint, at, timing[key], whole, key));
    at += timing[key];
  }
  return h('table.waterfall', { 'aria-label': 'Timing' },
    h('thead.unseen', {}, h('tr', {}, ['Phase', 'Place', 'Time', 'Share'].map((title) => h('th', { scope: 'col' }, title)))),
    h('tbody', {}, lines));
}
