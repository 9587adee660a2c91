// Why policy says what it says: each stage in order, the rule that matched, and where it is written.
import { get } from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { filterForm } from '../parts/filters.js';
import { verdict } from '../parts/verdict.js';

const FILTERS = [
  { name: 'name', label: 'Name', search: true, width: '18rem', placeholder: 'www.example.com' },
  { name: 'client', label: 'Client', width: '12rem', placeholder: 'address, or nobody' },
  { name: 'port', label: 'Port', width: '5rem', placeholder: '443' },
];

/** @param {any} step */
function stepView(step) {
  const rule = step.rule ?? step.says?.rule;
  const place = step.place ?? step.says?.place;
  const says = step.verdict ?? step.says?.verdict;
  const outcome = step.decided ? h('strong', {}, 'decides') : says ? ['not reached; would be ', verdict(says)] : '';
  return h('li', { 'data-kind': step.decided ? 'decided' : says ? 'later' : 'silent', 'aria-current': step.decided ? 'step' : null },
    h('span.stage', {}, step.stage), h('span.rule', {}, rule || 'no rule matches', place ? h('span.place', {}, place) : null),
    h('span.says', {}, outcome));
}

/** @param {any} told @param {Record<string, string>} values */
function answer(told, values) {
  const place = told.file ? `${told.file}${told.line ? `:${told.line}` : ''}` : '';
  return [
    h('p.answer', { 'data-verdict': told.verdict }, h('span.mono', {}, told.name ?? values.name), ' is ', verdict(told.verdict),
      ' by ', h('span.rule', {}, told.rule), place ? h('span.place', {}, place) : null),
    told.outcome ? h('p.outcome', {}, told.outcome) : null,
    h('ol.steps', { 'aria-label': 'Stages of policy' }, (told.steps ?? []).map(stepView)),
    h('p.links', {}, h('a', { href: `/exchanges?${new URLSearchParams({ host: told.name ?? values.name })}` }, 'Its exchanges')),
  ];
}

/** @param {import('../core/router.js').Visit} visit */
export function showExplain({ main, signal, url }) {
  const result = h('div.explanation', { role: 'status' });
  let asked = 0;
  const ask = async (/** @type {Record<string, string>} */ values) => {
    const mine = ++asked;
    if (!values.name) {
      fill(result, h('p.note', {}, 'A name, and perhaps the client that asks for it: what does policy say, and which rule says so?'));
      return;
    }
    try {
      const told = await get('/explain', values, signal);
      if (mine === asked) fill(result, answer(told, values));
    } catch (error) {
      if (mine === asked && !signal.aborted) fill(result, h('p.problem', {}, /** @type {any} */ (error).message));
    }
  };
  const filters = filterForm(FILTERS, url, ask);
  main.className = 'reading';
  fill(main, h('div.heading', {}, h('h1', {}, 'Explain')), filters.element, result);
  filters.element.querySelector('input')?.focus();
  ask(filters.values());
}
