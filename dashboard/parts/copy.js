// A text, perhaps of several lines, with a button that copies it as it is shown.
import { announce, fill, h } from '../core/dom.js';
import { visibleLines } from '../core/text.js';

/** Without a secure context there is no clipboard: the text is selected then. @param {string} text @param {HTMLElement} shown */
async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied';
  } catch {
    getSelection()?.selectAllChildren(shown);
    return 'Selected';
  }
}

/** @param {string} text @param {string} what for screen readers: "the line for example.com" */
export function copyable(text, what) {
  const shown = h('code');
  shown.textContent = visibleLines(text);
  const button = h('button.quiet', { type: 'button', 'aria-label': `Copy ${what}` }, 'Copy');
  button.addEventListener('click', async () => {
    const done = await copy(shown.textContent ?? '', shown);
    fill(button, done);
    announce(`${done} ${what}`);
    setTimeout(() => fill(button, 'Copy'), 1500);
  });
  return h('span.copyable', {}, shown, button);
}
