// The connections that are open now, as they come, move and go; beside them one in full.
import { connections, MOST, refresh, settle } from '../core/connections.js';
import { announce, fill, h } from '../core/dom.js';
import { age, byteRate, bytes, count } from '../core/format.js';
import { live } from '../core/live.js';
import { retitle } from '../core/router.js';
import { newest } from '../core/samples.js';
import { captureButton } from '../parts/capture.js';
import { filterForm } from '../parts/filters.js';
import { Table } from '../parts/table.js';
import { verdict } from '../parts/verdict.js';
import { connectionDetail } from './connection_detail.js';

const FILTERS = [
  { name: 'name', label: 'Name', search: true, width: '14rem', placeholder: 'part of a name' },
  { name: 'client', label: 'Client', width: '11rem', placeholder: 'address or MAC' },
  { name: 'state', label: 'State', choices: /** @type {[string, string][]} */ ([['', 'any'], ['open', 'open'],
    ['passed through', 'passed through'], ['TLS handshake', 'handshake'], ['closed', 'closed']]) },
];

/** @param {any} row */
const last = (row) => row.layers?.[row.layers.length - 1] ?? {};
/** @param {any} row */
const ageOf = (row) => ((row.closed ?? Date.now()) - row.began) / 1000;

/** @type {import('../parts/table.js').Column[]} */
const COLUMNS = [
  { key: 'age', title: 'Age', width: '6.5rem', class: 'number', cell: (row) => age(ageOf(row)), sort: ageOf },
  { key: 'client', title: 'Client', width: '12.5rem', class: 'mono mid',
    cell: (row) => row.client,
    sort: (row) => row.client ?? '' },
  { key: 'name', title: 'Name', class: 'mono main',
    cell: (row) => last(row).name || row.local,
    sort: (row) => last(row).name ?? '' },
  { key: 'alpn', title: 'ALPN', width: '5.5rem', class: 'wide', cell: (row) => last(row).alpn },
  { key: 'verdict', title: 'Verdict', width: '11.5rem', class: 'mid', cell: (row) => verdict(last(row).verdict) },
  { key: 'state', title: 'State', width: '9rem', class: 'mid', cell: (row) => row.state },
  { key: 'exchanges', title: 'Exchanges', width: '6.8rem', class: 'number wide',
    cell: (row) => count(row.exchanges),
    sort: (row) => row.exchanges ?? 0 },
  { key: 'in', title: 'From client', width: '7rem', class: 'number wide',
    cell: (row) => byteRate(row.rateIn),
    sort: (row) => row.rateIn },
  { key: 'out', title: 'To client', width: '7rem', class: 'number',
    cell: (row) => byteRate(row.rateOut),
    sort: (row) => row.rateOut },
  { key: 'bytes', title: 'Bytes', width: '6.5rem', class: 'number roomy',
    cell: (row) => bytes((row.received ?? 0) + (row.sent ?? 0)),
    sort: (row) => (row.received ?? 0) + (row.sent ?? 0) },
];

/** @param {any} row @param {Record<string, string>} wanted */
function fits(row, { name = '', client = '', state = '' }) {
  const lower = (/** @type {unknown} */ text) => String(text ?? '').toLowerCase();
  return (!state || row.state === state) &&
    (!client || lower(row.client).includes(lower(client)) || lower(row.mac).includes(lower(client))) &&
    (!name || (row.layers ?? []).some((/** @type {any} */ layer) => lower(layer.name).includes(lower(name))));
}

/** @param {number | null} id */
function addressOf(id) {
  const url = new URL(location.href);
  if (id === null) url.searchParams.delete('id');
  else url.searchParams.set('id', String(id));
  return url.pathname + url.search;
}

/** @param {import('../core/router.js').Visit} visit */
export function showConnections({ main, signal, url }) {
  const summary = h('p.totals');
  const aside = h('aside.detail', { hidden: true, 'aria-label': 'Connection', tabindex: -1 });
  /** @type {any} */
  let opened = Number(url.searchParams.get('id')) || null;

  const table = new Table({
    label: 'Open connections', columns: COLUMNS, keyOf: (row) => row.id,
    kindOf: (row) => (row.closed ? 'closed' : ''),
    open: (row) => show(row.id, true),
    empty: () => (connections.size === 0 ? 'No client is connected.' : 'No connection fits the filter.'),
  });
  const filters = filterForm(FILTERS, url, () => draw(true));

  const drawDetail = () => {
    const row = opened === null ? undefined : connections.get(opened);
    if (row) fill(aside, connectionDetail(row, ageOf(row), () => show(null, false)));
    else if (aside.hidden === false) aside.querySelector('[data-state]')?.replaceChildren('closed');
  };
  /** @param {number | null} id @param {boolean} focus */
  function show(id, focus) {
    opened = id;
    aside.hidden = id === null;
    retitle(addressOf(id));
    table.mark(id);
    fill(aside);
    drawDetail();
    if (focus) aside.focus();
    else if (id === null) table.table.focus();
  }
  function draw(others = false) {
    settle();
    const wanted = filters.values();
    const rows = [...connections.values()].filter((row) => fits(row, wanted)).sort((one, other) => other.id - one.id);
    const known = [...connections.values()].filter((row) => !row.closed).length;
    const open = known >= MOST ? Math.max(known, newest?.connections_open ?? 0) : known;
    fill(summary, `${count(open)} open`, open > known ? `, the newest ${count(MOST)} listed` : '',
      rows.length === connections.size ? '' : `, ${count(rows.length)} shown`);
    table.setRows(rows, others);
    // What somebody is reading or pointing at stays, but for its numbers.
    if (!aside.hidden && !aside.matches(':focus-within:not(:focus)') && getSelection()?.type !== 'Range') drawDetail();
  }

  main.className = 'listing';
  fill(main, h('div.heading', {}, h('h1', {}, 'Connections'), summary,
    h('div.actions', {}, captureButton(() => filters.values()))),
  filters.element, h('div.split', {}, table.element, aside));
  aside.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') show(null, false);
  });
  live.listen('connections', () => draw(), signal);
  const timer = setInterval(() => {
    // Without the feed they are asked for.
    if (live.state !== 'live') refresh().catch(() => {});
    table.refresh();
    draw();
  }, 1000);
  signal.addEventListener('abort', () => clearInterval(timer));
  if (opened !== null) show(opened, false);
  draw();
  refresh().then(() => draw()).catch((error) => announce(error.message));
}
