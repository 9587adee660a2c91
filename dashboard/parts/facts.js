// A list of facts: terms and what is known of them. What is unknown is left out.
import { h } from '../core/dom.js';

/**
 * @param {[string, import('../core/dom.js').Child][]} pairs
 * @returns {HTMLElement}
 */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  return h('dl.facts', {}, known.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/** @param {string} title @param {...import('../core/dom.js').Child} children */
export function panel(title, ...children) {
  const id = `panel-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  return h('section.panel', { 'aria-labelledby': id }, h('h2', { id }, title), children);
}
