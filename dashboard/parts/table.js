// A table of any length of which only the rows in sight are in the document. Arrow keys go from row to row, Enter opens
// one; the place of what is in sight is kept when rows come in above.
import { fill, h } from '../core/dom.js';

const SPARE_ROWS = 12;
const POINTING_MS = 4000;

/**
 * @typedef {{ key: string, title: string, cell: (row: any) => import('../core/dom.js').Child, width?: string, class?: string,
 *             sort?: (row: any) => number | string, hint?: string }} Column
 * @typedef {{ label: string, columns: Column[], keyOf: (row: any) => string | number, open?: (row: any) => void,
 *             kindOf?: (row: any) => string, nearEnd?: () => void, empty?: () => import('../core/dom.js').Child }} TableOptions
 */

let made = 0;

export class Table {
  /** @type {any[]} */
  #rows = [];
  /** @type {Map<string | number, { line: HTMLElement, row: any }>} */
  #shown = new Map();
  /** @type {string | number | null} */
  #active = null;
  /** @type {{ column: Column, down: boolean } | null} */
  #order = null;
  #drawing = 0;
  #pointed = 0;
  /** @type {any[]} */
  given = [];
  #prefix = `row-${++made}-`;

  /** @param {TableOptions} options */
  constructor(options) {
    this.options = options;
    this.#makeElements();
    this.element.addEventListener('scroll', () => this.#drawSoon(), { passive: true });
    this.table.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#press(event));
    this.body.addEventListener('click', (/** @type {MouseEvent} */ event) => this.#click(event));
    this.body.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
      if (event.pointerType === 'mouse') this.#pointed = Date.now();
    });
    this.body.addEventListener('pointerleave', () => this.#letGo());
    new ResizeObserver(() => this.#drawSoon()).observe(this.element);
  }

  #makeElements() {
    const { columns, label } = this.options;
    const spacer = () => h('tr.spacer', { 'aria-hidden': 'true' }, h('td'));
    const widths = columns.map((column) => {
      const made = h('col', { class: classesOf(column) });
      if (column.width) made.style.setProperty('--width', column.width);
      return made;
    });
    this.above = spacer();
    this.below = spacer();
    this.headings = columns.map((column) => this.#heading(column));
    this.body = h('tbody', {}, this.above, this.below);
    this.table = h('table.rows', { role: 'grid', tabindex: 0, 'aria-label': label },
      h('colgroup', {}, widths), h('thead', {}, h('tr', { 'aria-rowindex': 1 }, this.headings)), this.body);
    this.nothing = h('div.nothing', { hidden: true });
    this.held = h('p.held', { hidden: true });
    this.element = h('div.scroll', {}, this.held, this.table, this.nothing);
  }

  /** @param {Column} column */
  #heading(column) {
    const content = column.sort
      ? h('button', { type: 'button', on: { click: () => this.#sortBy(column) } }, column.title) : column.title;
    return h('th', { scope: 'col', class: classesOf(column), title: column.hint }, content);
  }

  /** @param {Column} column */
  #sortBy(column) {
    const again = this.#order?.column === column;
    if (again && !this.#order?.down) this.#order = null;
    else this.#order = { column, down: !again };
    this.headings?.forEach((/** @type {HTMLElement} */ heading, /** @type {number} */ at) => {
      const sorted = this.options.columns[at] === this.#order?.column;
      if (sorted) heading.setAttribute('aria-sort', this.#order?.down ? 'descending' : 'ascending');
      else heading.removeAttribute('aria-sort');
    });
    this.setRows(this.given, true);
  }

  /** Whether somebody points at a row, which then must not move away. */
  get #pointedAt() {
    return Date.now() - this.#pointed < POINTING_MS;
  }

  /** The rows that are there already, in the order they are in, with what is new of them. @param {any[]} rows */
  #held(rows) {
    const { keyOf } = this.options;
    const given = new Map(rows.map((row) => [keyOf(row), row]));
    const held = this.#rows.map((row) => given.get(keyOf(row)) ?? row);
    const waiting = rows.length - held.reduce((known, row) => known + Number(given.has(keyOf(row))), 0);
    fill(this.held, waiting > 0 ? `${waiting} more wait while you point` : '');
    this.held.hidden = waiting === 0;
    return held;
  }

  #letGo() {
    this.#pointed = 0;
    if (!this.held.hidden) this.setRows(this.given);
  }

  /** @param {any[]} rows */
  #sorted(rows) {
    if (!this.#order) return rows;
    const { column, down } = this.#order;
    const value = /** @type {(row: any) => number | string} */ (column.sort);
    const sign = down ? -1 : 1;
    return rows.slice().sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      return a < b ? -sign : a > b ? sign : 0;
    });
  }

  /**
   * @param {any[]} rows all of them, in their order
   * @param {boolean} [others] they are other rows than before, wherever the pointer is
   */
  setRows(rows, others = false) {
    const { keyOf } = this.options;
    this.given = rows;
    if (this.#pointedAt && !others && this.#rows.length > 0 && this.atTop) {
      this.#rows = this.#held(rows);
      this.#draw();
      return;
    }
    this.held.hidden = true;
    const height = this.#rowHeight();
    const first = Math.floor(this.element.scrollTop / height);
    const anchor = first > 0 && this.#rows[first] !== undefined ? keyOf(this.#rows[first]) : null;
    this.#rows = this.#sorted(rows);
    this.table.setAttribute('aria-rowcount', String(this.#rows.length + 1));
    this.#showEmptiness();
    this.#draw();
    if (anchor === null || this.#order) return;
    const now = this.#rows.findIndex((row) => keyOf(row) === anchor);
    if (now > first) {
      this.element.scrollTop += (now - first) * height;
      this.#draw();
    }
  }

  /** Whether the first row is in sight. */
  get atTop() {
    return this.element.scrollTop < this.#rowHeight();
  }

  toTop() {
    this.element.scrollTop = 0;
    this.#draw();
  }

  /** Draws again what is in sight, for cells that change by themselves. */
  refresh() {
    for (const shown of this.#shown.values()) shown.row = null;
    this.#draw();
  }

  /** @param {string | number | null} key which row is marked as open */
  mark(key) {
    this.#active = key;
    this.#draw();
  }

  #showEmptiness() {
    const empty = this.#rows.length === 0 && this.options.empty !== undefined;
    this.nothing.hidden = !empty;
    if (empty) this.nothing.replaceChildren(h('p', {}, this.options.empty?.()));
  }

  #rowHeight() {
    return parseFloat(getComputedStyle(this.element).getPropertyValue('--row')) || 28;
  }

  #drawSoon() {
    if (this.#drawing) return;
    this.#drawing = requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  #draw() {
    const height = this.#rowHeight();
    const inSight = Math.ceil(this.element.clientHeight / height) + 1;
    const top = Math.floor(this.element.scrollTop / height);
    const begin = Math.max(0, Math.min(top - SPARE_ROWS, this.#rows.length - inSight));
    const end = Math.min(this.#rows.length, top + inSight + SPARE_ROWS);
    this.above.style.height = `${begin * height}px`;
    this.below.style.height = `${(this.#rows.length - end) * height}px`;
    this.#drawLines(begin, end);
    if (this.options.nearEnd && this.#rows.length > 0 && end >= this.#rows.length - 2 * SPARE_ROWS) this.options.nearEnd();
  }

  /** @param {number} begin @param {number} end */
  #drawLines(begin, end) {
    const { keyOf } = this.options;
    /** @type {Map<string | number, { line: HTMLElement, row: any }>} */
    const shown = new Map();
    let place = this.above;
    for (let at = begin; at < end; at++) {
      const row = this.#rows[at];
      const key = keyOf(row);
      const had = this.#shown.get(key) ?? { line: this.#line(key), row: null };
      if (had.row !== row) this.#fill(had.line, row);
      had.row = row;
      had.line.setAttribute('aria-rowindex', String(at + 2));
      this.#markLine(had.line, key === this.#active);
      if (place.nextSibling !== had.line) place.after(had.line);
      place = had.line;
      shown.set(key, had);
    }
    for (const [key, { line }] of this.#shown) if (!shown.has(key)) line.remove();
    this.#shown = shown;
    const active = this.#active !== null && shown.has(this.#active);
    if (active) this.table.setAttribute('aria-activedescendant', this.#prefix + this.#active);
    else this.table.removeAttribute('aria-activedescendant');
  }

  /** @param {string | number} key */
  #line(key) {
    const cells = this.options.columns.map((column) => h('td', { role: 'gridcell', class: classesOf(column) }));
    return h('tr', { id: this.#prefix + key, 'data-key': key }, cells);
  }

  /** @param {HTMLElement} line @param {boolean} active */
  #markLine(line, active) {
    line.classList.toggle('active', active);
    if (active) line.setAttribute('aria-selected', 'true');
    else line.removeAttribute('aria-selected');
  }

  /** @param {HTMLElement} line @param {any} row */
  #fill(line, row) {
    line.dataset.kind = this.options.kindOf?.(row) ?? '';
    this.options.columns.forEach((column, at) => {
      const cell = line.children[at];
      const made = h('td', {}, column.cell(row));
      // A cell that stays as it is keeps its nodes, for somebody may be pointing at them.
      if (!sameContent(cell, made)) cell.replaceChildren(...made.childNodes);
    });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || getSelection()?.type === 'Range') return;
    const line = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('tr[data-key]'));
    const row = line && [...this.#shown.values()].find((one) => one.line === line)?.row;
    if (!row) return;
    event.preventDefault();
    this.mark(this.options.keyOf(row));
    this.options.open?.(row);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const at = this.#rows.findIndex((row) => this.options.keyOf(row) === this.#active);
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowHeight()) - 2);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.#rows.length - 1 };
    const next = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (event.key === 'Enter' && at >= 0 && event.target === this.table) this.options.open?.(this.#rows[at]);
    else if (next === undefined || this.#rows.length === 0) return;
    else this.#goTo(Math.max(0, Math.min(next, this.#rows.length - 1)));
    event.preventDefault();
  }

  /** @param {number} at */
  #goTo(at) {
    const height = this.#rowHeight();
    const head = this.table.tHead?.offsetHeight ?? height;
    const { scrollTop, clientHeight } = this.element;
    if (at * height < scrollTop) this.element.scrollTop = at * height;
    else if ((at + 1) * height + head > scrollTop + clientHeight) this.element.scrollTop = (at + 1) * height + head - clientHeight;
    this.mark(this.options.keyOf(this.#rows[at]));
  }
}

/** @param {Column} column */
const classesOf = (column) => `c-${column.key} ${column.class ?? ''}`;

/** @param {Element} one @param {Element} other */
function sameContent(one, other) {
  return one.childNodes.length === other.childNodes.length &&
    [...one.childNodes].every((node, at) => node.isEqualNode(other.childNodes[at]));
}
