// A text with a button that copies it.
import { announce, fill, h } from '../core/dom.js';

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
  const shown = h('code', {}, text);
  const button = h('button.quiet', { type: 'button', 'aria-label': `Copy ${what}` }, 'Copy');
  button.addEventListener('click', async () => {
    const done = await copy(text, shown);
    fill(button, done);
    announce(`${done} ${what}`);
    setTimeout(() => fill(button, 'Copy'), 1500);
  });
  return h('span.copyable', {}, shown, button);
}
