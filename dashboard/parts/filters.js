// A form whose inputs stand in the page's address, so that what is filtered can be linked to and found again.
import { h } from '../core/dom.js';
import { retitle } from '../core/router.js';

const SETTLED_MS = 250;

/**
 * @typedef {{ name: string, label: string, width?: string, choices?: [string, string][], search?: boolean, hint?: string,
 *             placeholder?: string }} Filter
 */

/** @param {Filter} filter @param {string} value */
function input(filter, value) {
  const id = `filter-${filter.name}`;
  const props = { id, name: filter.name, 'data-search': filter.search || null, title: filter.hint };
  const made = filter.choices
    ? h('select', props, filter.choices.map(([choice, title]) => h('option', { value: choice, selected: choice === value }, title)))
    : h('input', { ...props, type: filter.search ? 'search' : 'text', value, placeholder: filter.placeholder, autocomplete: 'off', spellcheck: 'false' });
  if (filter.width) made.style.width = filter.width;
  return h('div.filter', {}, h('label', { for: id }, filter.label), made);
}

/**
 * @param {Filter[]} filters
 * @param {URL} url where they stand
 * @param {(values: Record<string, string>) => void} changed called some time after the last key
 */
export function filterForm(filters, url, changed) {
  const [first, ...others] = filters.map((filter) => input(filter, url.searchParams.get(filter.name) ?? ''));
  const more = h('button.more', { type: 'button', 'aria-expanded': 'false' }, 'More filters');
  const form = h('form.filters', { role: 'search' }, first, more, h('div.others', {}, others));
  more.addEventListener('click', () => more.setAttribute('aria-expanded', String(form.classList.toggle('expanded'))));
  if (filters.slice(1).some(({ name }) => url.searchParams.get(name))) more.click();
  let waiting = 0;
  const values = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()])
    .filter(([, value]) => value !== ''));
  const apply = () => {
    clearTimeout(waiting);
    const query = new URLSearchParams(values()).toString();
    retitle(location.pathname + (query ? `?${query}` : ''));
    changed(values());
  };
  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, SETTLED_MS);
  });
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') /** @type {HTMLElement} */ (document.querySelector('main table.rows'))?.focus();
  });
  const clear = () => {
    for (const one of form.elements) if ('value' in one) one.value = '';
    apply();
  };
  return { element: /** @type {HTMLFormElement} */ (form), values, clear };
}
