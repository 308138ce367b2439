// Places in a text. Label Studio counts Unicode code points, as Python does; the browser counts UTF-16 units. Pure.

/** UTF-16 offset of the code point `count` into `text`; past the end, its length. */
export function toUnits(text, count) {
  let units = 0;
  for (let seen = 0; seen < count && units < text.length; seen += 1) units += text.codePointAt(units) > 0xffff ? 2 : 1;
  return units;
}

/** How many code points there are before the UTF-16 offset `units`; inside a pair, those before the pair. */
export function toPoints(text, units) {
  let points = 0;
  let at = 0;
  while (at < text.length) {
    at += text.codePointAt(at) > 0xffff ? 2 : 1;
    if (at > units) break;
    points += 1;
  }
  return points;
}

const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/** A selection (UTF-16) widened to whole characters as people see them (👩‍👧, é), without blanks at its ends; null when empty. */
export function cleanRange(text, start, end) {
  [start, end] = [Math.min(start, end), Math.max(start, end)];
  const slice = text.slice(start, end);
  if (!slice.trim()) return null;
  start += slice.length - slice.trimStart().length;
  end -= slice.length - slice.trimEnd().length;
  if (!segmenter) return { start, end };
  return { start: snap(text, start, false), end: snap(text, end, true) };
}

function snap(text, offset, isForward) {
  if (offset <= 0 || offset >= text.length) return offset;
  const from = Math.max(0, text.lastIndexOf("\n", offset - 1)); // graphemes never cross a line end
  const until = text.indexOf("\n", offset);
  for (const { index, segment } of segmenter.segment(text.slice(from, until < 0 ? undefined : until))) {
    const [first, last] = [from + index, from + index + segment.length];
    if (offset === first || offset === last) return offset;
    if (offset < last) return isForward ? last : first;
  }
  return offset;
}

/** The word after or before a place, or the first or last one from outside; null when there is none. */
export function findWord(text, { start, end }, by) {
  const words = [...text.matchAll(/[\p{L}\p{N}\p{M}_'’-]+|[^\s]/gu)].map(({ index, 0: word }) => ({ start: index, end: index + word.length }));
  return (by > 0 ? words.find((word) => word.start >= end) : words.findLast((word) => word.end <= start)) ?? null;
}

const WORD = /[\p{L}\p{N}\p{M}_'’-]/u;

/** The selection widened to whole words, for text with granularity="word". */
export function widenToWords(text, start, end) {
  while (start > 0 && WORD.test(text[start - 1]) && WORD.test(text[start])) start -= 1;
  while (end < text.length && WORD.test(text[end]) && WORD.test(text[end - 1])) end += 1;
  return { start, end };
}
