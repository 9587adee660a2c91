// A verdict and a status, each in the same shape wherever it stands.
import { h } from '../core/dom.js';
import { verdictName } from '../core/format.js';

const KINDS = { 'BLACK-LISTED': 'refused', BLOCKED: 'refused', REWRITTEN: 'rewritten', 'PASSED-THROUGH': 'passed' };

export const VERDICTS = ['REWRITTEN', 'BLACK-LISTED', 'WHITE-LISTED', 'ALLOWED-BY-DEFAULT', 'BLOCKED', 'PASSED-THROUGH'];

/** @param {string | undefined} verdict */
export function verdict(verdict) {
  const name = verdictName(verdict);
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (name)] ?? 'allowed';
  return name ? h('span.verdict', { 'data-kind': kind }, name) : '';
}

/** @param {number | undefined} code */
export function status(code) {
  return code ? h('span.status', { 'data-class': Math.floor(code / 100) }, code) : h('span.status', { title: 'no response' }, '—');
}
