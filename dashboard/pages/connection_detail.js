// One connection in full: its layers, both sides' TLS, what it has carried.
import { h } from '../core/dom.js';
import { age, byteRate, bytes, count } from '../core/format.js';
import { captureButton } from '../parts/capture.js';
import { facts } from '../parts/facts.js';
import { verdict } from '../parts/verdict.js';

/** "[2001:db8::1]:443" → "2001:db8::1". @param {string | undefined} endpoint */
export function addressOf(endpoint) {
  return String(endpoint ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** @param {any} layer @param {number} at @param {number} all */
function layerView(layer, at, all) {
  return h('section.layer', { 'aria-label': `Layer ${at + 1}` },
    h('h3', {}, all > 1 ? `Layer ${at + 1}` : 'Client side'),
    facts([
      ['Name', h('span.mono', {}, layer.name)],
      ['TLS', layer.tls],
      ['ALPN', layer.alpn],
      ['JA4', layer.ja4 && h('span.mono', {}, layer.ja4)],
      ['Verdict', verdict(layer.verdict)],
      ['Rule', layer.rule],
    ]));
}

/** @param {any} row @param {number} seconds its age @param {() => void} close */
export function connectionDetail(row, seconds, close) {
  const layers = row.layers ?? [];
  const name = layers[layers.length - 1]?.name ?? '';
  const client = addressOf(row.client);
  return [
    h('header', {}, h('h2', {}, name || row.local || `Connection ${row.id}`),
      h('button.quiet', { type: 'button', 'aria-label': 'Close the detail', on: { click: close } }, '✕')),
    h('p.links', {},
      name && h('a', { href: `/explain?${new URLSearchParams({ name, client })}` }, 'Why this verdict?'),
      h('a', { href: `/exchanges?${new URLSearchParams({ client, ...(name && { host: name }) })}` }, 'Its exchanges'),
      captureButton(() => ({ client, name }))),
    facts([
      ['Id', row.id],
      ['State', h('span', { 'data-state': '' }, row.state)],
      ['Age', age(seconds)],
      ['Door', String(row.door ?? '').replaceAll('_', ' ')],
      ['Client', h('span.mono', {}, row.client)],
      ['MAC', row.mac && h('span.mono', {}, row.mac)],
      ['Was going to', h('span.mono', {}, row.local)],
      ['Via', (row.via ?? []).join(', ')],
      ['Exchanges', `${count(row.exchanges)}${row.active ? `, ${count(row.active)} running` : ''}`],
      ['From client', `${bytes(row.received)}, ${byteRate(row.rateIn)}`],
      ['To client', `${bytes(row.sent)}, ${byteRate(row.rateOut)}`],
    ]),
    layers.map((/** @type {any} */ layer, /** @type {number} */ at) => layerView(layer, at, layers.length)),
    row.upstream && h('section.layer', { 'aria-label': 'Origin side' }, h('h3', {}, 'Origin side'), facts([
      ['Origin', h('span.mono', {}, row.upstream)],
      ['TLS', row.tls_upstream],
      ['ALPN', row.alpn_upstream],
    ])),
  ];
}
