// Keys that work on every page.
import { h } from './dom.js';
import { go } from './router.js';

const PAGES = { 1: '/', 2: '/connections', 3: '/exchanges', 4: '/explain', 5: '/trust' };
const SHORTCUTS = [
  ['/', 'Search or filter'], ['1 … 5', 'Overview, connections, exchanges, explain, trust'],
  ['↑ ↓', 'Rows of a table'], ['Page Up, Page Down, Home, End', 'Further in a table'], ['Enter', 'Open the row'],
  ['Escape', 'Close what is open'], ['?', 'These shortcuts'],
];

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof Element && target.closest('input, select, textarea, [contenteditable]') !== null;
}

function focusSearch() {
  const search = /** @type {HTMLInputElement | null} */ (document.querySelector('main [data-search]'));
  search?.focus();
  search?.select();
  return search !== null;
}

export function showShortcuts() {
  const rows = SHORTCUTS.map(([keys, what]) => h('div', {}, h('dt', {}, h('kbd', {}, keys)), h('dd', {}, what)));
  const dialog = h('dialog.shortcuts', { 'aria-labelledby': 'shortcuts-title' },
    h('h2', { id: 'shortcuts-title' }, 'Keyboard shortcuts'), h('dl', {}, rows),
    h('form', {}, h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Close')));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
  const page = PAGES[/** @type {keyof typeof PAGES} */ (/** @type {unknown} */ (event.key))];
  if (page) go(page);
  else if (event.key === '?') showShortcuts();
  else if (event.key !== '/' || !focusSearch()) return;
  event.preventDefault();
}

export function startKeys() {
  document.addEventListener('keydown', press);
}
