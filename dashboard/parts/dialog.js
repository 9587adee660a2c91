// A dialog with a form: labelled, closed by Escape, which gives the focus back to where it was.
import { fill, h } from '../core/dom.js';

let made = 0;

/** @param {string} title @param {...import('../core/dom.js').Child} children */
export function openDialog(title, ...children) {
  const id = `dialog-${++made}`;
  const dialog = h('dialog', { 'aria-labelledby': id }, h('h2', { id }, title), children);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return /** @type {HTMLDialogElement} */ (dialog);
}

/**
 * A labelled input.
 * @param {string} label
 * @param {Record<string, unknown>} props its name becomes its id as well
 * @param {string} [hint]
 */
export function field(label, props, hint) {
  const id = `field-${props.name}-${++made}`;
  const input = h(props.type === 'lines' ? 'textarea' : 'input', { ...props, type: props.type === 'lines' ? null : props.type ?? 'text',
    id, spellcheck: 'false', autocomplete: 'off', 'aria-describedby': hint ? `${id}-hint` : null });
  return h('div.field', {}, h('label', { for: id }, label), input, hint ? h('p.note', { id: `${id}-hint` }, hint) : null);
}

/**
 * What a form's button does, with its problem shown beside it.
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>) => Promise<void>} act
 */
export function onSubmit(form, act) {
  const problem = h('p.problem', { role: 'alert' });
  form.append(problem);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement | null} */ (form.querySelector('button[type=submit]'));
    fill(problem);
    if (button) button.disabled = true;
    try {
      await act(/** @type {any} */ (Object.fromEntries(new FormData(form))));
    } catch (error) {
      if (/** @type {any} */ (error)?.name !== 'AbortError') fill(problem, /** @type {any} */ (error)?.message ?? String(error));
    } finally {
      if (button) button.disabled = false;
    }
  });
}
