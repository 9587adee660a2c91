// What the overview draws: the last minutes of the feed's overview messages, kept while other pages are shown.
import { live } from './live.js';
import { medians } from './medians.js';

const WINDOW_MS = 5 * 60_000;

/**
 * @typedef {{ at: number, open: number, exchanges: number | null, in: number | null, out: number | null,
 *             added: number | null, wait: number | null }} Sample
 */

/** @type {Sample[]} */
export const samples = [];
/** @type {any} */
export let newest = null;
/** @type {Record<string, number>} Verdicts a second. */
export let verdictRates = {};

/** @param {number | undefined} now @param {number | undefined} before @param {number} seconds */
function perSecond(now, before, seconds) {
  return now === undefined || before === undefined || now < before ? null : (now - before) / seconds;
}

/** @param {any} message */
function take(message) {
  const before = newest;
  const seconds = before ? (message.at - before.at) / 1000 : 0;
  newest = message;
  if (before && seconds <= 0) return;
  const change = (/** @type {string} */ key) => (before ? perSecond(message[key], before[key], seconds) : null);
  const exact = medians();
  samples.push({
    at: message.at,
    open: message.connections_open ?? 0,
    exchanges: change('exchanges_total'),
    in: change('bytes_from_client'),
    out: change('bytes_to_client'),
    added: exact.added ?? message.added_ms_p50 ?? null,
    wait: exact.wait ?? message.wait_ms_p50 ?? null,
  });
  while (samples.length > 0 && samples[0].at < message.at - WINDOW_MS) samples.shift();
  if (before) {
    verdictRates = Object.fromEntries(Object.entries(message.verdicts ?? {})
      .map(([name, total]) => [name, perSecond(Number(total), before.verdicts?.[name], seconds) ?? 0]));
  }
}

live.listen('overview', take);
