// Sending a recorded request again, and what is different this time.
import { change } from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { field, onSubmit } from './dialog.js';
import { panel } from './facts.js';

/** @param {string} text a field a line */
function fieldsOf(text) {
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`No field: ${line}`);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  }));
}

/** @param {any} value */
const text = (value) => (value === null || value === undefined || value === '' ? '—' : typeof value === 'object' ? JSON.stringify(value) : value);

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/** @param {any} told */
function difference(told) {
  const leftOut = told.request?.left_out ?? [];
  const differences = told.differences ?? [];
  const heading = differences.length === 0 ? 'The answer is the same.' : `${differences.length} difference${differences.length > 1 ? 's' : ''}.`;
  const rows = differences.map((/** @type {any} */ one) => h('tr', {}, h('th', { scope: 'row' }, one.what),
    h('td.was', {}, text(one.recorded)), h('td.is', {}, text(one.replayed))));
  return [
    h('p.outcome', {}, h('strong', {}, heading), ' ', told.id ? h('a', { href: `/exchanges/${encodeURIComponent(told.id)}` }, 'Open the replay') : null),
    leftOut.length > 0 ? h('p.note', {}, `Sent without what is never kept: ${leftOut.join(', ')}.`) : null,
    rows.length > 0 ? h('table.differences', {},
      h('thead', {}, h('tr', {}, ['What', 'Recorded', 'Replayed'].map((title) => h('th', { scope: 'col' }, title)))), h('tbody', {}, rows)) : null,
  ];
}

/** @param {any} exchange @returns {HTMLElement} a panel, to be shown when it is asked for */
export function replayPanel(exchange) {
  const result = h('div.result', { role: 'status' });
  const form = h('form.replay', {},
    field('To', { name: 'to', placeholder: exchange.host, 'data-mono': '' }, 'Another host to ask, perhaps with a port.'),
    field('Fields', { name: 'headers', type: 'lines', rows: 2, placeholder: 'Name: value', 'data-mono': '' },
      'In place of the recorded ones; a line each.'),
    h('div.buttons', {}, h('button.primary', { type: 'submit' }, 'Send again')),
    SAFE.includes(exchange.method) ? null : h('p.note', {}, `${exchange.method}: the origin may act on it once more.`));
  onSubmit(form, async (values) => {
    fill(result, h('p.note', {}, 'Waiting for the answer…'));
    try {
      const body = { ...(values.to.trim() && { to: values.to.trim() }), ...(values.headers.trim() && { headers: fieldsOf(values.headers) }) };
      const response = await change('POST', `/exchanges/${encodeURIComponent(exchange.request_id)}/replay`, body);
      fill(result, difference(await response.json()));
    } catch (error) {
      fill(result);
      throw error;
    }
  });
  return panel('Replay', form, result);
}
