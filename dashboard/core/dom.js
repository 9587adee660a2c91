// Makes elements. Whatever is given as text becomes text, with every character of it visible; there is no way from
// here to markup, to a handler in an attribute, or to an address on another site.
import { visible } from './text.js';

/** @typedef {Node | string | number | null | undefined | false | any[]} Child a list holds others */
/** @typedef {Record<string, unknown>} Props */

const ATTRIBUTES = new Set(['autocomplete', 'checked', 'class', 'colspan', 'disabled', 'download', 'for', 'hidden', 'href',
  'id', 'inputmode', 'list', 'max', 'min', 'name', 'open', 'placeholder', 'required', 'role', 'rows', 'scope', 'selected',
  'spellcheck', 'step', 'tabindex', 'title', 'type', 'value', 'wrap']);
const SVG_ATTRIBUTES = new Set(['class', 'd', 'height', 'points', 'preserveAspectRatio', 'role', 'rx', 'viewBox', 'width',
  'x', 'x1', 'x2', 'y', 'y1', 'y2']);
const SVG = 'http://www.w3.org/2000/svg';

/** @param {unknown} address */
function ownAddress(address) {
  const text = String(address);
  if (!/^\/(?!\/)|^#|^blob:/.test(text) || text.includes('\\')) throw new Error(`not an address of this site: ${text}`);
  return text;
}

/** @param {Element} element @param {string} name @param {unknown} value @param {Set<string>} allowed */
function setAttribute(element, name, value, allowed) {
  if (value === null || value === undefined || value === false) return;
  if (!allowed.has(name) && !/^(aria|data)-[a-z-]+$/.test(name)) throw new Error(`attribute ${name}`);
  const text = name === 'href' ? ownAddress(value) : value === true ? '' : visible(value);
  element.setAttribute(name, text);
}

/** @param {Node} element @param {Child} child */
function append(element, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) child.forEach((one) => append(element, one));
  else element.appendChild(child instanceof Node ? child : document.createTextNode(visible(child)));
}

/**
 * An element of HTML. `tag` may carry classes: "div.panel.wide". `props.on` holds listeners by event.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  element.classList.add(...classes);
  for (const [key, value] of Object.entries(props)) {
    if (key === 'on') {
      for (const [event, listener] of Object.entries(/** @type {any} */ (value))) element.addEventListener(event, listener);
    } else if (key === 'class') {
      element.classList.add(...String(value).split(' ').filter(Boolean));
    } else {
      setAttribute(element, key, value, ATTRIBUTES);
    }
  }
  append(element, children);
  return element;
}

/**
 * An element of SVG.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {any}
 */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(props)) setAttribute(element, key, value, SVG_ATTRIBUTES);
  append(element, children);
  return element;
}

/**
 * Puts `children` in place of what an element held.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Tells screen readers something that eyes see. @param {string} text */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  if (announcer) announcer.textContent = visible(text);
}
