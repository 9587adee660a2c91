// What has happened: the history, searched, and above it what comes in now.
import { address } from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { bytes, clock, count, duration } from '../core/format.js';
import { live } from '../core/live.js';
import { go } from '../core/router.js';
import { filterForm } from '../parts/filters.js';
import { Table } from '../parts/table.js';
import { status, verdict, VERDICTS } from '../parts/verdict.js';
import { added } from '../parts/waterfall.js';
import { ExchangeList, keyOf } from './exchange_list.js';
import { pageOf } from './exchange.js';

const WITHOUT_FEED_MS = 2000;
const AGES = [['', 'any time'], ['300', 'last 5 minutes'], ['3600', 'last hour'], ['86400', 'last day'], ['604800', 'last week']];
const STATUSES = [['', 'any'], ['1', '1xx'], ['2', '2xx'], ['3', '3xx'], ['4', '4xx'], ['403', '403'], ['5', '5xx'], ['502', '502'], ['504', '504']];

const FILTERS = [
  { name: 'text', label: 'Search', search: true, width: '17rem', placeholder: 'path, rule, error, id…', hint: 'Part of the log line, as it is written there' },
  { name: 'host', label: 'Host', width: '11rem', placeholder: 'part of a name' },
  { name: 'client', label: 'Client', width: '9rem', placeholder: 'address' },
  { name: 'verdict', label: 'Verdict', choices: /** @type {[string, string][]} */ ([['', 'any'], ...VERDICTS.map((name) => [name, name])]) },
  { name: 'status', label: 'Status', choices: /** @type {[string, string][]} */ (STATUSES) },
  { name: 'within', label: 'When', choices: /** @type {[string, string][]} */ (AGES) },
];

/** @param {any} row */
function target(row) {
  const host = row.host || '—';
  return [row.request_id ? h('a.host', { href: `/exchanges/${encodeURIComponent(row.request_id)}`, tabindex: -1 }, host) : h('span.host', {}, host),
    h('span.path', {}, row.path), row.error ? h('span.error', {}, row.error) : null];
}

/** @param {any} row */
function time(row) {
  const [seconds, fraction] = clock(row.time).split('.');
  return [seconds, h('span.fraction', {}, fraction && `.${fraction}`)];
}

/** @type {import('../parts/table.js').Column[]} */
const COLUMNS = [
  { key: 'time', title: 'Time', width: '8.4rem', class: 'number', cell: time },
  { key: 'client', title: 'Client', width: '12rem', class: 'mono mid', cell: (row) => row.client },
  { key: 'method', title: 'Method', width: '5rem', class: 'mono mid', cell: (row) => row.method },
  { key: 'status', title: 'Status', width: '4.5rem', class: 'number', cell: (row) => status(row.status) },
  { key: 'target', title: 'Host and path', class: 'mono main', cell: target },
  { key: 'verdict', title: 'Verdict', width: '11.5rem', class: 'mid', cell: (row) => verdict(row.verdict) },
  { key: 'size', title: 'Bytes', width: '6rem', class: 'number wide', hint: 'of the body, to the client',
    cell: (row) => bytes(row.bytes_out) },
  { key: 'added', title: 'Added', width: '5.5rem', class: 'number wide', hint: 'by the gateway',
    cell: (row) => (row.timing ? duration(added(row)) : '') },
  { key: 'ms', title: 'Took', width: '5.5rem', class: 'number', cell: (row) => duration(row.ms) },
];

/** What the API is asked for. @param {Record<string, string>} values */
function queryOf({ within, ...rest }) {
  return within ? { ...rest, since: Math.floor(Date.now() / 1000) - Number(within) } : rest;
}

/** @param {import('../core/router.js').Visit} visit */
export function showExchanges({ main, signal, url }) {
  const summary = h('p.totals', { role: 'status' });
  const archive = h('a.button', { href: '/api/v1/har', download: 'sallyport.har' }, 'HAR');
  const clear = h('button', { type: 'button' }, 'Clear filters');
  const follow = h('button.toggle', { type: 'button', 'aria-pressed': 'true' }, 'Follow');
  const table = new Table({
    label: 'Exchanges', columns: COLUMNS, keyOf,
    kindOf: (row) => (row.status >= 500 || row.error ? 'failed' : ''),
    open: (row) => pageOf(row, signal).then((address) => address && go(address), () => {}),
    nearEnd: () => list.older(),
    empty: () => (list.loading ? 'Looking…' : list.problem || 'No exchange fits.'),
  });
  const list = new ExchangeList(signal, (others) => draw(others));
  const draw = (others = false) => {
    table.setRows(list.rows, others);
    fill(summary, list.problem || `${count(list.rows.length)}${list.complete ? '' : ' newest'} shown` +
      (list.skipped ? `, ${count(list.skipped)} came too fast to be shown` : ''));
  };
  const filters = filterForm(FILTERS, url, (values) => search(values));
  /** @param {Record<string, string>} values */
  const search = (values) => {
    archive.setAttribute('href', address('/api/v1/har', { ...queryOf(values), limit: 10_000 }));
    clear.disabled = Object.keys(values).length === 0;
    table.toTop();
    list.search(queryOf(values));
  };
  clear.addEventListener('click', () => filters.clear());
  follow.addEventListener('click', () => {
    list.following = !list.following;
    follow.setAttribute('aria-pressed', String(list.following));
  });
  main.className = 'listing';
  fill(main, h('div.heading', {}, h('h1', {}, 'Exchanges'), summary, h('div.actions', {}, follow, clear, archive)),
    filters.element, h('div.split', {}, table.element));
  live.listen('exchange', ({ exchange }) => list.arrived(exchange), signal);
  live.listen('skipped', ({ exchanges }) => list.missed(Number(exchanges) || 0), signal);
  live.addEventListener('state', () => list.catchUpSoon(), { signal });
  // Without the feed the history is asked for what is new.
  const timer = setInterval(() => {
    if (live.state !== 'live') list.missed(0);
  }, WITHOUT_FEED_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  search(filters.values());
}
