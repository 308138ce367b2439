// How far one is, between two answers of the server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createTotals } from "../../static/js/annotator/totals.js";

function start(answersWanted) {
  const seen = [];
  const totals = createTotals((figures) => seen.push(figures), answersWanted);
  totals.set({ progress: { done: 1, skipped: 1, total: 3 }, own: { today: 0, seconds_per_label: 2 } }, 0);
  return { totals, last: () => seen.at(-1) };
}

test("an answer is an item done, and more than all there are is not said", () => {
  const { totals, last } = start(1);

  totals.count(1, 500);
  assert.deepEqual([last().done, last().today], [3, 1]);
  totals.count(1, 500);
  assert.deepEqual([last().done, last().total, last().today], [3, 3, 2]);
  totals.count(-1, null);
  assert.deepEqual([last().done, last().today], [3, 1]);
});

test("where two answers are wanted one of them ends no item", () => {
  const { totals, last } = start(2);

  totals.count(1, 500);
  assert.deepEqual([last().done, last().today], [2, 1]);
  totals.set({ progress: { done: 1, skipped: 1, total: 3 }, own: { today: 1, seconds_per_label: 2 } }, 4);
  assert.deepEqual([last().done, last().today], [2, 5]);
});
