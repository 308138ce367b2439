// Offsets as Label Studio stores them: code points, whatever the browser counts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cleanRange, findWord, toPoints, toUnits, widenToWords } from "../../static/js/annotator/offsets.js";

const TEXT = "💩 Ein שלום 👩‍👧 naïve café.";

test("code points and UTF-16 units go both ways, at every place of a text", () => {
  const points = [...TEXT];
  for (let count = 0; count <= points.length; count += 1) {
    const units = points.slice(0, count).join("").length;
    assert.equal(toUnits(TEXT, count), units);
    assert.equal(toPoints(TEXT, units), count);
  }
  assert.equal(toUnits(TEXT, 1_000), TEXT.length);
});

test("the middle of a pair counts as before it", () => {
  assert.equal(toPoints("a💩b", 2), 1);
});

test("a selection is widened to whole characters and has no blanks at its ends", () => {
  const at = TEXT.indexOf("👩");
  assert.deepEqual(cleanRange(TEXT, at + 1, at + 4), { start: at, end: at + "👩‍👧".length });
  assert.deepEqual(cleanRange("  ab  ", 6, 0), { start: 2, end: 4 });
  assert.equal(cleanRange("a   b", 1, 4), null);
  assert.deepEqual(cleanRange("one\r\ntwo", 5, 8), { start: 5, end: 8 });
});

test("right-to-left words keep their logical order", () => {
  const start = TEXT.indexOf("שלום");
  const place = cleanRange(TEXT, start, start + 5);

  assert.equal(TEXT.slice(place.start, place.end), "שלום");
});

test("words are widened to, where the text asks for it", () => {
  const text = "The naïve client’s offer";
  const place = widenToWords(text, 6, 12);

  assert.equal(text.slice(place.start, place.end), "naïve client’s");
});

test("words are walked one by one, both ways, in any script", () => {
  const text = "Ann’s שלום, 👍 end";
  const seen = [];
  for (let word = findWord(text, { start: 0, end: 0 }, 1); word; word = findWord(text, word, 1)) seen.push(text.slice(word.start, word.end));
  assert.deepEqual(seen, ["Ann’s", "שלום", ",", "👍", "end"]);

  const last = findWord(text, { start: text.length, end: text.length }, -1);
  assert.equal(text.slice(last.start, last.end), "end");
  assert.equal(findWord(text, { start: 0, end: 5 }, -1), null);
});
