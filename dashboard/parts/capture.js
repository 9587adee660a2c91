// Capturing packets of decrypted connections into a file that Wireshark opens.
import { change } from '../core/api.js';
import { announce, fill, h } from '../core/dom.js';
import { bytes } from '../core/format.js';
import { field, onSubmit, openDialog } from './dialog.js';

/** @param {Blob} file @param {string} name */
function save(file, name) {
  const address = URL.createObjectURL(file);
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {Response} response @param {(size: number) => void} told */
async function received(response, told) {
  const reader = /** @type {ReadableStream} */ (response.body).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts, { type: 'application/x-pcapng' });
    parts.push(value);
    size += value.length;
    told(size);
  }
}

/** @param {{ client?: string, name?: string }} given */
export function openCapture(given = {}) {
  const stop = new AbortController();
  const progress = h('p.note', { role: 'status' });
  const form = h('form', {},
    field('Client', { name: 'client', value: given.client ?? '', 'data-mono': '', placeholder: 'any' }, 'An address.'),
    field('Name', { name: 'name', value: given.name ?? '', 'data-mono': '', placeholder: 'any' }, 'Of the server, or a part of it.'),
    field('Seconds', { name: 'seconds', type: 'number', min: 1, max: 600, value: 30, required: true }),
    h('p.note', {}, 'The file holds the connections\' packets and the keys that open them: whoever has it reads everything in it. ' +
      'That it was made stands in the log.'),
    progress,
    h('div.buttons', {}, h('button.primary', { type: 'submit' }, 'Capture'),
      h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Close')));
  onSubmit(form, async (values) => {
    fill(progress, `Capturing for ${values.seconds} s…`);
    try {
      const body = { client: values.client.trim(), name: values.name.trim(), seconds: Number(values.seconds) };
      const response = await change('POST', '/capture', body, stop.signal);
      const file = await received(response, (size) => fill(progress, `Capturing: ${bytes(size)}`));
      save(file, `sallyport-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.pcapng`);
      fill(progress, `Captured ${bytes(file.size)}.`);
      announce(`Captured ${bytes(file.size)}`);
    } catch (error) {
      fill(progress);
      throw error;
    }
  });
  const dialog = openDialog('Capture packets', form);
  dialog.addEventListener('close', () => stop.abort());
}

/** @param {() => { client?: string, name?: string }} given */
export function captureButton(given) {
  return h('button', { type: 'button', 'data-action': 'capture', on: { click: () => openCapture(given()) } }, 'Capture…');
}
