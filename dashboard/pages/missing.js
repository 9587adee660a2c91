// An address at which nothing is.
import { fill, h } from '../core/dom.js';

/** @param {import('../core/router.js').Visit} visit */
export function showMissing({ main, url }) {
  main.className = 'reading';
  fill(main, h('h1', {}, 'Nothing here'), h('p', {}, 'There is no page ', h('code', {}, url.pathname), '.'),
    h('p', {}, h('a', { href: '/' }, 'Overview')));
}
