// A recorded body, as text or as bytes: decompressed where the browser can, JSON indented, everything visible.
import { visibleLines } from '../core/text.js';
import { bytes as bytesText } from '../core/format.js';
import { fill, h } from '../core/dom.js';
import { tabs } from './tabs.js';

const MOST_SHOWN = 256 * 1024;
const HEX_SHOWN = 4096;
const STREAMS = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate' };

/** @param {string} text */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * What could be decompressed of a body that may be cut.
 * @param {Uint8Array} data @param {string} format
 */
async function inflated(data, format) {
  const stream = new Blob([/** @type {any} */ (data)]).stream().pipeThrough(new DecompressionStream(/** @type {any} */ (format)));
  const reader = stream.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  try {
    while (size < MOST_SHOWN) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
  } catch {
    // It was cut, or is no such stream: what there is, is shown.
  }
  reader.cancel().catch(() => {});
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array} data @param {string} type */
function textOf(data, type) {
  const text = new TextDecoder('utf-8').decode(data.subarray(0, MOST_SHOWN));
  if (!/json/i.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {Uint8Array} data */
function hexOf(data) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, HEX_SHOWN); at += 16) {
    const part = [...data.subarray(at, at + 16)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const letters = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex}  ${letters}`);
  }
  return lines.join('\n');
}

/** @param {string} text */
function shown(text) {
  const element = h('pre.body', { tabindex: 0 });
  element.textContent = visibleLines(text);
  return element;
}

/** @param {[string, string][]} fields @param {string} name */
function field(fields, name) {
  return fields.find(([one]) => one.toLowerCase() === name)?.[1] ?? '';
}

/** @param {any} message as the history has it @param {string} which "Request" or "Response" */
export function bodyView(message, which) {
  if (!message.body_base64) return null;
  const raw = fromBase64(message.body_base64);
  const type = field(message.fields, 'content-type');
  const format = STREAMS[/** @type {keyof typeof STREAMS} */ (field(message.fields, 'content-encoding').trim().toLowerCase())];
  const text = () => {
    const place = h('div');
    const data = format ? inflated(raw, format) : Promise.resolve(raw);
    data.then((plain) => fill(place, shown(textOf(plain, type))));
    return place;
  };
  return h('div.body-view', {},
    h('p.note', {}, `${bytesText(raw.length)} of the body${message.body_cut ? ', from its start; there was more' : ''}`,
      format ? `, decompressed from ${format}` : ''),
    tabs(`${which} body`, [['Text', text], ['Bytes', () => shown(hexOf(raw))]]));
}
