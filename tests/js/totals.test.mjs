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

test("a count that was asked for before an answer was saved does not take it back", async () => {
  const { totals, last } = start(1);
  const say = (done) => ({ progress: { done, skipped: 0, total: 9 }, own: { today: done, seconds_per_label: 1 } });
  let asked = 0;

  await totals.refresh(async () => {
    asked += 1;
    if (asked === 1) totals.count(1, 500); // answered and saved while the server was counting
    return say(asked === 1 ? 2 : 3);
  }, () => 0); // prettier-ignore

  assert.deepEqual([asked, last().done, last().total], [2, 3, 9]);

  let waiting = 1;
  await totals.refresh(async () => say((waiting = 0) || 3), () => waiting); // prettier-ignore
  assert.equal(last().done, 3);
});

test("who is faster than the server counts keeps counts of their own", async () => {
  const { totals, last } = start(1);

  await totals.refresh(async () => {
    totals.count(1, 500);
    return { progress: { done: 0, skipped: 0, total: 9 }, own: { today: 0, seconds_per_label: 1 } };
  }, () => 0); // prettier-ignore

  assert.deepEqual([last().done, last().total, last().today], [5, 9, 3]);
});
