// Names while one types @: where one is being typed, and which fit.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findTyped, matchNames } from "../../static/js/mentions.js";

test("a name is being typed behind an @ that begins a word", () => {
  assert.deepEqual(findTyped("hi @an", 6), { from: 4, typed: "an" });
  assert.deepEqual(findTyped("@", 1), { from: 1, typed: "" });
  assert.deepEqual(findTyped("(@ben.k", 7), { from: 2, typed: "ben.k" });
  assert.equal(findTyped("mail@exa", 8), null);
  assert.equal(findTyped("@anna said", 10), null);
  assert.deepEqual(findTyped("@an and more", 3), { from: 1, typed: "an" });
});

test("names that begin so come before names that have it elsewhere", () => {
  assert.deepEqual(matchNames(["hanna", "Anna", "ben"], "an"), ["Anna", "hanna"]);
  assert.deepEqual(matchNames(["b", "a"], ""), ["b", "a"]);
});
