// A recorded request or response: its first line, its fields, its body.
import { h } from '../core/dom.js';
import { bodyView } from './body.js';

/** @param {[string, string]} pair */
function fieldLine([name, value]) {
  const kept = value !== '[redacted]';
  return h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: kept ? '' : 'redacted' }, value));
}

/** @param {string} which @param {string} first the request line or status line @param {any} message */
export function messageView(which, first, message) {
  const fields = message?.fields ?? [];
  return h('section.panel.message', { 'aria-label': which }, h('h2', {}, which), h('p.first-line', {}, first),
    fields.length > 0
      ? h('div.fields-scroll', { tabindex: 0, role: 'group', 'aria-label': `${which} fields` },
        h('table.fields', {}, h('tbody', {}, fields.map(fieldLine))))
      : h('p.note', {}, 'No fields were recorded.'),
    message ? bodyView(message, which) : null);
}
