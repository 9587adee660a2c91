// Tabs, as the ARIA practices have them: one of them is in the order of Tab, arrows go to the others.
import { h } from '../core/dom.js';

let made = 0;

/**
 * @param {string} label
 * @param {[string, () => import('../core/dom.js').Child][]} entries titles, and what makes their panels when first shown
 */
export function tabs(label, entries) {
  const group = ++made;
  const buttons = entries.map(([title], at) => h('button', {
    type: 'button', role: 'tab', id: `tab-${group}-${at}`, 'aria-controls': `tabpanel-${group}-${at}`, tabindex: -1,
    'aria-selected': 'false',
  }, title));
  const panels = entries.map((_, at) => h('div', {
    role: 'tabpanel', id: `tabpanel-${group}-${at}`, 'aria-labelledby': `tab-${group}-${at}`, tabindex: 0, hidden: true,
  }));
  const select = (/** @type {number} */ at, focus = true) => {
    buttons.forEach((button, index) => {
      button.setAttribute('aria-selected', String(index === at));
      button.tabIndex = index === at ? 0 : -1;
      panels[index].hidden = index !== at;
    });
    if (!panels[at].hasChildNodes()) panels[at].append(h('div', {}, entries[at][1]()));
    if (focus) buttons[at].focus();
  };
  const list = h('div', { role: 'tablist', 'aria-label': label }, buttons);
  list.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const at = buttons.indexOf(/** @type {any} */ (event.target));
    if (at >= 0) select(at);
  });
  list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const at = buttons.indexOf(/** @type {any} */ (event.target));
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 };
    const next = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    select((next + buttons.length) % buttons.length);
  });
  select(0, false);
  return h('div.tabs', {}, list, panels);
}
