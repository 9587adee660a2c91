// What is going on now: charts of the last minutes, verdicts, errors, and the gateway itself.
import { get } from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { age, bytes, byteRate, count, duration, rate, verdictName } from '../core/format.js';
import { live } from '../core/live.js';
import { metrics, samplesOf } from '../core/metrics.js';
import { newest, samples, verdictRates } from '../core/samples.js';
import { drawBars } from '../parts/bars.js';
import { captureButton } from '../parts/capture.js';
import { Chart } from '../parts/chart.js';
import { facts, panel } from '../parts/facts.js';
import { verdict } from '../parts/verdict.js';

const SLOW_MS = 5000;

function makeCharts() {
  return [
    new Chart({ title: 'Open connections', whole: true, format: (value) => count(value),
      series: [{ key: 'open', title: 'open', kind: 'first' }] }),
    new Chart({ title: 'Exchanges per second', format: rate,
      series: [{ key: 'exchanges', title: 'exchanges', kind: 'first' }] }),
    new Chart({ title: 'Throughput', format: byteRate, base: 1024,
      series: [{ key: 'out', title: 'to clients', kind: 'first' }, { key: 'in', title: 'from clients', kind: 'second' }] }),
    new Chart({ title: 'Where the time goes', format: duration,
      series: [{ key: 'added', title: 'added by the gateway', kind: 'first' }, { key: 'wait', title: 'waiting for origins', kind: 'second' }] }),
  ];
}

/** @param {HTMLElement} list */
function drawVerdicts(list) {
  const totals = Object.entries(newest?.verdicts ?? {}).map(([name, total]) => [name, Number(total)])
    .filter(([, total]) => Number(total) > 0).sort((one, other) => Number(other[1]) - Number(one[1]));
  drawBars(list, totals.map(([name, total]) => ({
    key: String(name), amount: Number(total),
    title: h('a', { href: `/exchanges?verdict=${encodeURIComponent(verdictName(String(name)))}` }, verdict(String(name))),
    text: `${count(Number(total))}  ${rate(verdictRates[name] ?? 0)}/s`,
  })), 'Nothing has been judged yet.');
}

/** @param {HTMLElement} list */
async function drawErrors(list) {
  const text = await metrics();
  const reasons = samplesOf(text, 'sallyport_upstream_errors_total').filter(({ value }) => value > 0)
    .sort((one, other) => other.value - one.value);
  drawBars(list, reasons.map(({ labels, value }) => ({
    key: labels.reason, title: labels.reason.replaceAll('_', ' '), amount: value, text: count(value), kind: 'refused',
  })), 'No origin has failed since the start.');
}

/** @param {HTMLElement} place */
async function drawGateway(place) {
  const told = await get('/status');
  fill(place, facts([
    ['Version', told.version],
    ['Up for', age(told.uptime_seconds)],
    ['Workers', told.workers],
    ['Connections', `${count(told.connections)} of at most ${count(told.max_connections)}`],
    ['Transparent', (told.listen?.transparent ?? []).join(', ')],
    ['Proxy', (told.listen?.proxy ?? []).join(', ')],
    ['Policy', told.policy_generation === undefined ? null : `generation ${told.policy_generation}`],
    ['Leaves cached', told.leaves === undefined ? null : count(told.leaves)],
    ['Log lines lost', told.log_lines_dropped ? count(told.log_lines_dropped) : null],
    ['CA', told.ca_fingerprint && h('span.fingerprint', {}, told.ca_fingerprint)],
  ]));
}

/** @param {import('../core/router.js').Visit} visit */
export function showOverview({ main, signal }) {
  const charts = makeCharts();
  const verdicts = h('ul.bars');
  const errors = h('ul.bars');
  const gateway = h('div');
  const totals = h('p.totals');
  main.className = 'overview';
  fill(main, h('div.heading', {}, h('h1', {}, 'Overview'), totals, h('div.actions', {}, captureButton(() => ({})))),
    h('div.charts', {}, charts.map((chart) => chart.element)),
    h('div.panels', {}, panel('Verdicts', verdicts), panel('Upstream errors by reason', errors), panel('Gateway', gateway)));
  const draw = () => {
    charts.forEach((chart) => chart.update(samples));
    drawVerdicts(verdicts);
    if (newest) {
      fill(totals, `${count(newest.exchanges_total)} exchanges, ${bytes(newest.bytes_to_client)} to clients, ` +
        `${bytes(newest.bytes_from_client)} from them since the start`);
    }
  };
  const drawSlowly = () => {
    drawErrors(errors).catch(() => {});
    drawGateway(gateway).catch(() => {});
  };
  live.listen('overview', draw, signal);
  const timer = setInterval(drawSlowly, SLOW_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  draw();
  drawSlowly();
}
