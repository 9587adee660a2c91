// A chart of the last minutes: one or two lines over time, drawn in SVG, with their values at the pointer.
import { fill, h, svg } from '../core/dom.js';
import { clock } from '../core/format.js';

const WIDTH = 600;
const HEIGHT = 120;
// What the width may stand for: as little as holds what there is.
const SPANS_MS = [30_000, 60_000, 120_000, 300_000];

/**
 * @typedef {{ key: string, title: string, kind: 'first' | 'second' }} Series
 * @typedef {{ title: string, series: Series[], format: (value: number) => string }} ChartOptions
 */

/**
 * The next round number that is not below `value`; a whole one has a half without fractions.
 * @param {number} value
 * @param {number} base
 * @param {boolean} whole
 */
function roundUp(value, base, whole) {
  if (value <= 0) return 1;
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  const decimal = whole ? [1, 2, 4, 6, 8, 10] : [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
  const binary = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
  const steps = base === 10 ? decimal : binary;
  return (steps.find((step) => step * power >= value) ?? base) * power;
}

export class Chart {
  /** @type {any[]} */
  #points = [];
  /** @type {number | null} */
  #pointed = null;

  /** @param {ChartOptions & { base?: number, whole?: boolean }} options */
  constructor(options) {
    this.options = options;
    this.values = options.series.map((one) => h('span.value', { 'data-kind': one.kind }));
    this.lines = options.series.map((one) => svg('path', { class: `line ${one.kind}` }));
    this.areas = options.series.map((one) => svg('path', { class: `area ${one.kind}` }));
    this.pointer = svg('line', { class: 'pointer', y1: 0, y2: HEIGHT });
    this.plot = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
      [HEIGHT / 2, HEIGHT].map((y) => svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y - 0.5, y2: y - 0.5 })),
      this.areas, this.lines, this.pointer);
    this.most = h('span.most', { 'aria-hidden': 'true' });
    this.half = h('span.half', { 'aria-hidden': 'true' });
    this.at = h('span.at', {});
    this.since = h('span', {});
    this.element = this.#element();
    this.#follow();
  }

  #element() {
    const { series, title } = this.options;
    const legend = series.map((one, at) => h('span.legend', { 'data-kind': one.kind }, this.values[at], ' ',
      series.length > 1 ? h('span.name', {}, one.title) : null));
    return h('section.chart', { 'aria-label': title },
      h('header', {}, h('h2', {}, title), this.at), h('div.now', {}, legend),
      h('div.plot', {}, this.plot, this.most, this.half),
      h('footer', { 'aria-hidden': 'true' }, this.since, h('span', {}, 'now')));
  }

  #follow() {
    this.plot.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
      const box = this.plot.getBoundingClientRect();
      this.#pointed = (event.clientX - box.left) / box.width;
      this.#draw();
    });
    this.plot.addEventListener('pointerleave', () => {
      this.#pointed = null;
      this.#draw();
    });
  }

  /** @param {any[]} points oldest first, each with `at` and the series' keys */
  update(points) {
    this.#points = points;
    this.#draw();
  }

  #draw() {
    const { series, base = 10, whole = false } = this.options;
    const points = this.#points;
    const end = points.length > 0 ? points[points.length - 1].at : 0;
    const span = this.#span();
    const x = (/** @type {any} */ point) => WIDTH * (1 - (end - point.at) / span);
    const largest = points.reduce((most, point) => series.reduce((one, { key }) => Math.max(one, point[key] ?? 0), most), 0);
    const scale = roundUp(largest, base, whole);
    series.forEach(({ key }, at) => {
      const runs = runsOf(points, key).map((run) => run.map((point) =>
        `${x(point).toFixed(1)},${(HEIGHT - (HEIGHT - 4) * point[key] / scale).toFixed(1)}`));
      this.lines[at].setAttribute('d', runs.map((run) => `M${run.join('L')}`).join(''));
      this.areas[at].setAttribute('d', runs.map((run) =>
        `M${run[0].split(',')[0]},${HEIGHT}L${run.join('L')}L${run[run.length - 1].split(',')[0]},${HEIGHT}Z`).join(''));
    });
    fill(this.most, largest > 0 ? this.options.format(scale) : '');
    fill(this.half, largest > 0 && !(whole && scale < 2) ? this.options.format(scale / 2) : '');
    fill(this.since, span < 60_000 ? `${span / 1000} s ago` : `${span / 60_000} min ago`);
    this.#drawValues(end, span);
  }

  #span() {
    const points = this.#points;
    const whole = points.length > 0 ? points[points.length - 1].at - points[0].at : 0;
    return SPANS_MS.find((span) => span >= whole) ?? whole;
  }

  /** @param {number} end @param {number} span */
  #drawValues(end, span) {
    const { series, format, title } = this.options;
    const pointed = this.#pointed === null ? null : this.#nearest(end - (1 - this.#pointed) * span);
    const point = pointed ?? this.#points[this.#points.length - 1];
    this.pointer.classList.toggle('shown', pointed !== null);
    if (pointed) {
      const x = String(WIDTH * (1 - (end - pointed.at) / span));
      this.pointer.setAttribute('x1', x);
      this.pointer.setAttribute('x2', x);
    }
    fill(this.at, pointed ? clock(pointed.at, false) : '');
    const texts = series.map(({ key }) => (point && point[key] !== null && point[key] !== undefined ? format(point[key]) : '—'));
    texts.forEach((text, at) => fill(this.values[at], text));
    this.plot.setAttribute('aria-label', `${title}: ${series.map((one, at) => `${one.title} ${texts[at]}`).join(', ')}`);
  }

  /** @param {number} at */
  #nearest(at) {
    let best = null;
    for (const point of this.#points) {
      if (best === null || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
    }
    return best;
  }
}

/** Points in a row that have a value. @param {any[]} points @param {string} key */
function runsOf(points, key) {
  /** @type {any[][]} */
  const runs = [];
  let open = false;
  for (const point of points) {
    const known = point[key] !== null && point[key] !== undefined;
    if (known && open) runs[runs.length - 1].push(point);
    else if (known) runs.push([point]);
    open = known;
  }
  return runs;
}
