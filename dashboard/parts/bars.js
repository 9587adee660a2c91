// A list of amounts, each with a bar that shows its share of the largest.
import { fill, h } from '../core/dom.js';

/**
 * @typedef {{ title: import('../core/dom.js').Child, key: string, amount: number, text: string, kind?: string }} Bar
 */

/** @param {HTMLElement} list a <ul> @param {Bar[]} bars @param {string} empty what to say when there are none */
export function drawBars(list, bars, empty) {
  const most = Math.max(1, ...bars.map((bar) => bar.amount));
  if (bars.length === 0) {
    fill(list, h('li.none', {}, empty));
    return;
  }
  fill(list, bars.map((bar) => {
    const length = h('span.bar', { 'aria-hidden': 'true', 'data-kind': bar.kind ?? '' });
    length.style.width = `${100 * bar.amount / most}%`;
    return h('li', {}, h('span.what', {}, bar.title), h('span.amount', {}, bar.text), h('span.track', {}, length));
  }));
}
