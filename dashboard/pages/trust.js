// Who trusts the CA: devices, apps that accept no certificate but their own, and how to install the CA.
import { get } from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { count, moment } from '../core/format.js';
import { copyable } from '../parts/copy.js';
import { panel } from '../parts/facts.js';
import { tabs } from '../parts/tabs.js';
import { PLATFORMS } from './platforms.js';

const REFRESH_MS = 5000;
const TRUST = { all: 'trusts the CA', some: 'trusts it for some names', none: 'does not trust it' };

/** @param {string[]} titles @param {import('../core/dom.js').Child[][]} rows @param {string} label @param {string[]} classes */
function plainTable(titles, rows, label, classes) {
  return h('div.plain-scroll', { tabindex: 0, role: 'group', 'aria-label': label },
    h('table.plain', { 'aria-label': label },
      h('thead', {}, h('tr', {}, titles.map((title, at) => h('th', { scope: 'col', class: classes[at] ?? '' }, title)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, row.map((cell, at) => h('td', { class: classes[at] ?? '' }, cell)))))));
}

/** @param {any} names a number or a list */
const number = (names) => count(Array.isArray(names) ? names.length : names);

/** @param {any[]} devices */
function devicesView(devices) {
  if (devices.length === 0) return h('p.note', {}, 'No client has shaken hands yet.');
  const rows = devices.map((device) => [
    h('span.trust', { 'data-trust': device.trust }, TRUST[/** @type {keyof typeof TRUST} */ (device.trust)] ?? device.trust),
    h('a', { href: `/exchanges?${new URLSearchParams({ client: device.client })}` }, device.client),
    device.mac ?? '', number(device.names_succeeded), number(device.names_failed), device.last_seen ? moment(lastSeen(device.last_seen), false) : '',
  ]);
  return plainTable(['Trust', 'Client', 'MAC', 'Names accepted', 'Names refused', 'Last seen'], rows, 'Devices',
    ['', 'mono', 'mono', 'number', 'number', 'number']);
}

/** Seconds since 1970, or ISO 8601. @param {string | number} time */
const lastSeen = (time) => (typeof time === 'number' ? time * 1000 : time);

/** @param {any[]} pinned */
function pinnedView(pinned) {
  if (pinned.length === 0) return h('p.note', {}, 'No client keeps refusing a name while it accepts others.');
  const rows = pinned.map((one) => [h('span.mono', {}, one.name), one.client, number(one.failures),
    copyable(one.line, `the line for ${one.name}`)]);
  return [h('p.note', {}, 'They accept no certificate but their own. These lines in the policy let them through unopened.'),
    plainTable(['Name', 'Client', 'Refusals', 'For policy.ini'], rows, 'Pinned apps', ['', 'mono', 'number', ''])];
}

/** @param {import('./platforms.js').Step} step */
function stepView(step) {
  return typeof step === 'string' ? h('li', {}, step) : h('li', {}, step.say, ' ', copyable(step.run, 'the command'));
}

function installView() {
  return [
    h('p.buttons', {}, h('a.button.primary', { href: '/ca.crt', download: 'sallyport-ca.crt' }, 'CA certificate (PEM)'),
      h('a.button', { href: '/ca.der', download: 'sallyport-ca.der' }, 'DER')),
    tabs('Platform', PLATFORMS.map(([title, steps]) => [title, () => h('ol', {}, steps.map(stepView))])),
  ];
}

/** @param {import('../core/router.js').Visit} visit */
export function showTrust({ main, signal }) {
  const devices = h('div');
  const pinned = h('div');
  const fingerprint = h('p.note.fingerprint');
  const draw = async () => {
    try {
      const told = await get('/trust', {}, signal);
      if (getSelection()?.type === 'Range' || pinned.matches(':focus-within')) return;
      fill(devices, devicesView(told.devices ?? []));
      fill(pinned, pinnedView(told.pinned ?? []));
    } catch (error) {
      if (!signal.aborted) fill(devices, h('p.problem', {}, /** @type {any} */ (error).message));
    }
  };
  get('/status', {}, signal).then((told) => fill(fingerprint, `SHA-256 ${told.ca_fingerprint}`)).catch(() => {});
  main.className = 'trust';
  fill(main, h('div.heading', {}, h('h1', {}, 'Trust')),
    panel('Devices', devices), panel('Pinned apps', pinned), panel('Install the CA', fingerprint, installView()));
  const timer = setInterval(draw, REFRESH_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  draw();
}
