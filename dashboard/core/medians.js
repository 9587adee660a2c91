// What the gateway added to the exchanges of the last seconds, and what their origins took: exact, from the feed's rows.
import { live } from './live.js';

const WINDOW_MS = 10_000;
const MOST = 2000;

/** @type {{ at: number, added: number, wait: number | undefined }[]} */
const recent = [];

live.listen('exchange', ({ exchange }) => {
  if (!exchange?.timing) return;
  recent.push({ at: Date.now(), added: exchange.timing.gateway ?? 0, wait: exchange.timing.wait });
  if (recent.length > MOST) recent.shift();
});

/** @param {number[]} numbers @returns {number | null} */
function median(numbers) {
  if (numbers.length === 0) return null;
  const sorted = numbers.sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/** @returns {{ added: number | null, wait: number | null }} milliseconds */
export function medians() {
  const since = Date.now() - WINDOW_MS;
  while (recent.length > 0 && recent[0].at < since) recent.shift();
  return {
    added: median(recent.map(({ added }) => added)),
    wait: median(recent.flatMap(({ wait }) => (wait === undefined ? [] : [wait]))),
  };
}
