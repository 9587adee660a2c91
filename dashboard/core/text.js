// Text from the network, made fit for eyes: what would hide, reorder or imitate is spelled out.

// Controls of C0 and C1, what has no width, what changes the direction, separators that are no newline, tags,
// variation selectors of the second kind, and halves of surrogate pairs.
const UNSEEN = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' +
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{e0000}-\\u{e0fff}\\p{Surrogate}]', 'gu');

/** @param {string} character */
function spelled(character) {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
}

/**
 * One line of text in which every character can be seen.
 * @param {unknown} text
 * @returns {string}
 */
export function visible(text) {
  return String(text ?? '').replace(UNSEEN, spelled);
}

/**
 * The same for several lines: newlines and tabs stay.
 * @param {unknown} text
 * @returns {string}
 */
export function visibleLines(text) {
  return String(text ?? '').replace(UNSEEN, (character) =>
    (character === '\n' || character === '\t' ? character : spelled(character)));
}
