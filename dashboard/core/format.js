// Numbers and times as people read them. Widths are steady, so that columns do not dance.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** @param {number} number @param {number} digits */
function rounded(number, digits) {
  return number.toFixed(number >= 100 || digits === 0 ? 0 : number >= 10 ? Math.min(digits, 1) : digits);
}

/** 1536 → "1.50 KiB". @param {number | undefined} bytes */
export function bytes(bytes) {
  let left = Number(bytes) || 0;
  let unit = 0;
  while (left >= 1000 && unit < UNITS.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${rounded(left, unit === 0 ? 0 : 2)} ${UNITS[unit]}`;
}

/** @param {number} perSecond */
export function byteRate(perSecond) {
  return perSecond < 0.5 ? '0 B/s' : `${bytes(perSecond)}/s`;
}

/** 1234567 → "1 234 567", with narrow gaps. @param {number | undefined} number */
export function count(number) {
  return String(Math.round(Number(number) || 0)).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A rate without its unit. @param {number} perSecond */
export function rate(perSecond) {
  return perSecond >= 1000 ? count(perSecond) : rounded(perSecond, perSecond === 0 ? 0 : 1);
}

/** Milliseconds: "0.42 ms", "412 ms", "3.20 s". @param {number | undefined} ms */
export function duration(ms) {
  const number = Number(ms) || 0;
  if (number >= 60_000) return age(number / 1000);
  return number >= 10_000 ? `${rounded(number / 1000, 2)} s` : `${rounded(number, 2)} ms`;
}

/** Seconds as "42 s", "3 m 20 s", "5 h 12 m", "3 d 4 h". @param {number} seconds */
export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 86_400), 'd'], [Math.floor(whole / 3600) % 24, 'h'], [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's']];
  const first = parts.findIndex(([number]) => Number(number) > 0);
  if (first < 0) return '0 s';
  return parts.slice(first, first + 2).filter(([number], at) => at === 0 || Number(number) > 0)
    .map(([number, unit]) => `${number} ${unit}`).join(' ');
}

/** @param {number} number @param {number} digits */
const padded = (number, digits) => String(number).padStart(digits, '0');

/** The time of the day, local: "14:03:07.120". @param {string | number} time */
export function clock(time, milliseconds = true) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const text = `${padded(date.getHours(), 2)}:${padded(date.getMinutes(), 2)}:${padded(date.getSeconds(), 2)}`;
  return milliseconds ? `${text}.${padded(date.getMilliseconds(), 3)}` : text;
}

/** With the date, local. @param {string | number} time */
export function moment(time, milliseconds = true) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  return `${date.getFullYear()}-${padded(date.getMonth() + 1, 2)}-${padded(date.getDate(), 2)} ${clock(time, milliseconds)}`;
}

/** "black_listed" and "BLACK-LISTED" → "BLACK-LISTED". @param {string | undefined} verdict */
export function verdictName(verdict) {
  return String(verdict ?? '').toUpperCase().replaceAll('_', '-');
}
