// One exchange in full.
import { address, get } from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { bytes, count, duration, moment } from '../core/format.js';
import { facts, panel } from '../parts/facts.js';
import { messageView } from '../parts/message.js';
import { replayPanel } from '../parts/replay.js';
import { status, verdict } from '../parts/verdict.js';
import { summary, waterfall } from '../parts/waterfall.js';
import { addressOf } from './connection_detail.js';
import { keyOf } from './exchange_list.js';

const MOST_TRIES = 5;
const BETWEEN_TRIES_MS = 300;

const TOLD = new Set(['row', 'time', 'request_id', 'client', 'host', 'method', 'path', 'status', 'verdict', 'rule', 'bytes_in',
  'bytes_out', 'ms', 'upstream', 'tls_client', 'tls_upstream', 'alpn', 'error', 'timing', 'tcp_client', 'tcp_upstream',
  'websocket', 'via', 'ja4', 'alpn_upstream', 'request', 'response']);

/** @param {any} path */
function tcp(path) {
  return path && `${duration(path.rtt)} round trip${path.retransmitted ? `, ${count(path.retransmitted)} retransmitted` : ''}`;
}

/** @param {any} exchange */
function factsOf(exchange) {
  return facts([
    ['Time', moment(exchange.time)],
    ['Client', h('span.mono', {}, exchange.client)],
    ['JA4', exchange.ja4 && h('span.mono', {}, exchange.ja4)],
    ['Client TLS', exchange.tls_client],
    ['ALPN', exchange.alpn],
    ['Client TCP', tcp(exchange.tcp_client)],
    ['Via', (exchange.via ?? []).join(', ')],
    ['Origin', exchange.upstream && h('span.mono', {}, exchange.upstream)],
    ['Origin TLS', exchange.tls_upstream],
    ['Origin ALPN', exchange.alpn_upstream],
    ['Origin TCP', tcp(exchange.tcp_upstream)],
    ['Body from client', bytes(exchange.bytes_in)],
    ['Body to client', bytes(exchange.bytes_out)],
    ['Request id', h('span.mono', {}, exchange.request_id)],
    ...Object.keys(exchange).filter((key) => !TOLD.has(key)).map((key) => /** @type {[string, string]} */ ([key.replaceAll('_', ' '),
      typeof exchange[key] === 'object' ? JSON.stringify(exchange[key]) : String(exchange[key])])),
  ]);
}

const FLOW = [['frames', 'Frames'], ['text', 'Text messages'], ['binary', 'Binary messages'], ['compressed', 'Compressed'],
  ['bytes', 'Payload'], ['largest', 'Largest message'], ['pings', 'Pings'], ['pongs', 'Pongs'], ['close', 'Close code'], ['broken', 'Broken']];

/** @param {any} websocket */
function webSocketPanel(websocket) {
  const told = (/** @type {any} */ flow, /** @type {string} */ key) => (key === 'broken' ? flow[key] ?? '' :
    key === 'bytes' || key === 'largest' ? bytes(flow[key]) : key === 'close' ? flow[key] || '—' : count(flow[key]));
  const keys = FLOW.filter(([key]) => key !== 'broken' || websocket.in.broken || websocket.out.broken);
  return panel('WebSocket', h('table.flows', {},
    h('thead', {}, h('tr', {}, ['', 'From client', 'To client'].map((title) => h(title ? 'th' : 'td', title ? { scope: 'col' } : {}, title)))),
    h('tbody', {}, keys.map(([key, title]) => h('tr', {}, h('th', { scope: 'row' }, title),
      h('td', {}, told(websocket.in, key)), h('td', {}, told(websocket.out, key)))))));
}

/** @param {any} exchange */
function decision(exchange) {
  const query = { name: exchange.judged_as ?? exchange.host, client: addressOf(exchange.client) };
  return h('p.decision', {}, verdict(exchange.verdict), exchange.rule ? h('span.rule', {}, exchange.rule) : null,
    exchange.host ? h('a', { href: address('/explain', query) }, 'Why?') : null);
}

/** @param {any} exchange */
function actions(exchange) {
  const place = h('div.replay-place');
  const button = h('button', { type: 'button', 'data-action': 'replay', 'aria-expanded': 'false' }, 'Replay…');
  button.addEventListener('click', () => {
    const shown = place.hasChildNodes();
    button.setAttribute('aria-expanded', String(!shown));
    fill(place, shown ? null : replayPanel(exchange));
    place.querySelector('input')?.focus();
  });
  const archive = address('/api/v1/har', { before: Number(exchange.row) + 1, limit: 1 });
  return { place, buttons: [exchange.method ? button : null,
    h('a.button', { href: archive, download: `${exchange.request_id || `row-${exchange.row}`}.har` }, 'HAR')] };
}

/** @param {any} exchange */
function view(exchange) {
  const { request, response } = exchange;
  const { place, buttons } = actions(exchange);
  const target = `${exchange.host}${exchange.path}` || exchange.client;
  return [
    h('div.heading', {}, h('h1.target', {}, exchange.method ? h('span.method', {}, exchange.method) : null, ' ', target), h('div.actions', {}, buttons)),
    h('div.outcome-line', {}, status(exchange.status), decision(exchange), h('p.added', {}, summary(exchange))),
    exchange.error ? h('p.problem', {}, exchange.error) : null,
    place,
    h('div.columns', {},
      h('div', {}, panel('Timing', waterfall(exchange) ?? h('p.note', {}, 'No timing was recorded.')),
        exchange.websocket ? webSocketPanel(exchange.websocket) : null,
        exchange.method ? messageView('Request', `${exchange.method} ${exchange.path} ${exchange.alpn}`, request) : null,
        exchange.status ? messageView('Response', String(exchange.status), response) : null),
      panel('Facts', factsOf(exchange))),
  ];
}

/** The history is written some time after the feed has told. @param {string} id @param {AbortSignal} signal */
async function findSoon(id, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return await find(id, signal);
    } catch (error) {
      if (tries === MOST_TRIES || /** @type {any} */ (error).status !== 404) throw error;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS));
    }
  }
}

/** One by its id, or, where it has none, as "row-N". @param {string} id @param {AbortSignal} signal */
async function find(id, signal) {
  const row = /^row-(\d+)$/.exec(id);
  if (!row) return get(`/exchanges/${encodeURIComponent(id)}`, {}, signal);
  const [found] = await get('/exchanges', { before: Number(row[1]) + 1, limit: 1 }, signal);
  if (found?.row !== Number(row[1])) throw new Error(`The history no longer holds row ${row[1]}.`);
  return found;
}

/**
 * Where a row of a list is shown in full. The feed is ahead of the history, which numbers them.
 * @param {any} row
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>} null: the history does not have it (yet)
 */
export async function pageOf(row, signal) {
  if (row.request_id) return `/exchanges/${encodeURIComponent(row.request_id)}`;
  let number = row.row;
  if (number === undefined) {
    const since = Math.floor(new Date(row.time).getTime() / 1000);
    const rows = await get('/exchanges', { client: addressOf(row.client), since, until: since + 1, limit: 1000 }, signal);
    number = rows.find((/** @type {any} */ one) => keyOf(one) === keyOf(row))?.row;
  }
  return number === undefined ? null : `/exchanges/row-${number}`;
}

/** @param {import('../core/router.js').Visit} visit */
export async function showExchange({ main, signal, parts }) {
  main.className = 'exchange';
  fill(main, h('p.note', {}, 'Looking…'));
  try {
    const exchange = await findSoon(parts[0], signal);
    document.title = `${exchange.host}${exchange.path} · sallyport`;
    fill(main, view(exchange));
  } catch (error) {
    if (signal.aborted) return;
    fill(main, h('h1', {}, 'Not found'), h('p.problem', { role: 'alert' }, /** @type {any} */ (error).message),
      h('p', {}, h('a', { href: '/exchanges' }, 'All exchanges')));
  }
}
