// Text from the network, made fit for eyes: what would hide, reorder or imitate is spelled out.

// Controls; what formats, joins or reorders and is not seen itself; separators of lines; halves of surrogate pairs; and the
// blank pattern of Braille.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu;

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
