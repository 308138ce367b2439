// The annotator's state: forward, back, change, undo.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../static/js/annotator/store.js";

const says = (value) => ({ value, result: [{ from_name: "label", type: "choices", value: { choices: [value] } }] });

function createFilled(count = 4) {
  const store = createStore();
  store.add(Array.from({ length: count }, (_, index) => ({ id: index + 1 })));
  return store;
}

test("an answer gives an operation and shows the next item", () => {
  const store = createFilled();

  const operation = store.answer(says("cat"), 800);

  assert.deepEqual(operation, { kind: "answer", ...says("cat"), task: 1, leadMs: 800 });
  assert.equal(store.current.id, 2);
});

test("tasks that are held or done are not added again", () => {
  const store = createFilled(2);
  store.answer(says("cat"), 1);

  const fresh = store.add([{ id: 1 }, { id: 2 }, { id: 3 }]);

  assert.deepEqual(fresh, [{ id: 3 }]);
});

test("undo of a first answer withdraws it and brings the item back", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.answer(says("dog"), 1);

  assert.deepEqual(store.undo(), { kind: "withdraw", task: 2 });
  assert.equal(store.current.id, 2);
  assert.deepEqual(store.undo(), { kind: "withdraw", task: 1 });
  assert.deepEqual(store.heldIds, [1, 2, 3, 4]);
  assert.equal(store.undo(), null);
});

test("undo of a change gives the earlier answer back", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.move(-1);
  assert.deepEqual(store.answer(says("owl"), 1), { kind: "answer", ...says("owl"), task: 1, leadMs: 1 });

  assert.deepEqual(store.undo(), { kind: "answer", ...says("cat"), task: 1 });
  assert.equal(store.isLookingBack, true);
  assert.equal(store.currentAnswer.value, "cat");
});

test("the same answer again changes nothing and moves on", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.move(-1);

  assert.equal(store.answer(says("cat"), 1), null);
  assert.equal(store.isLookingBack, false);
});

test("looking back stops at the oldest and comes forward to the live item", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.answer(says("dog"), 1);
  for (let step = 0; step < 5; step += 1) store.move(-1);
  assert.deepEqual([store.current.id, store.place], [1, { index: 0, total: 2 }]);

  store.move(1);
  store.move(1);
  store.move(1);

  assert.deepEqual([store.isLookingBack, store.current.id], [false, 3]);
});

test("a task that was given to somebody else goes, but not from under one's eyes", () => {
  const store = createFilled();

  store.drop([1, 3]);

  assert.deepEqual(store.heldIds, [1, 2, 4]);
});

test("history of an earlier session comes before this one's", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);

  store.restoreHistory([
    { task: { id: 90 }, answer: { kind: "answer", ...says("owl") } },
    { task: { id: 80 }, answer: { kind: "skip", reason: "dark" } },
  ]);
  store.move(-1);
  store.move(-1);

  assert.equal(store.current.id, 90);
  assert.equal(store.undo().task, 1); // only what was done here is undone
});

test("what this tab did before a reload is undone after it, in its order", () => {
  const before = createFilled();
  before.answer(says("cat"), 1);
  before.skip("dark", 1);
  before.move(-1);
  before.answer({ kind: "answer", ...says("owl") }, 1);
  const store = createStore();
  store.add([{ id: 3 }]);
  const entry = (id, answer) => ({ task: { id }, answer });
  store.restoreHistory([entry(2, { kind: "answer", ...says("owl") }), entry(1, { kind: "answer", ...says("cat") }), entry(90, { kind: "skip" })], before.steps);

  assert.deepEqual(store.undo(), { kind: "skip", reason: "dark", task: 2 });
  assert.deepEqual(store.undo(), { kind: "withdraw", task: 2 });
  assert.deepEqual(store.undo(), { kind: "withdraw", task: 1 });
  assert.equal(store.undo(), null); // what others visits did stays
});

test("a skip is undone like an answer", () => {
  const store = createFilled();
  assert.deepEqual(store.skip("too dark", 5), { kind: "skip", reason: "too dark", task: 1, leadMs: 5 });
  assert.deepEqual(store.undo(), { kind: "withdraw", task: 1 });
});

test("redo says again which suggestion was shown", () => {
  const store = createFilled();
  const suggestion = { id: 7, outcome: "accepted" };
  store.answer({ ...says("cat"), suggestion }, 1);
  store.undo();

  assert.deepEqual(store.redo(), { kind: "answer", ...says("cat"), suggestion, task: 1, leadMs: null });
});

test("redo decides again what undo took back, until something else is decided", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.skip("dark", 1);
  store.undo();
  store.undo();

  assert.deepEqual(store.redo(), { kind: "answer", ...says("cat"), task: 1, leadMs: null });
  assert.deepEqual(store.redo(), { kind: "skip", reason: "dark", task: 2, leadMs: null });
  assert.equal(store.redo(), null);
  store.undo();
  store.answer(says("owl"), 1);
  assert.equal(store.canRedo, false);
});

test("what was submitted and undone is remembered, to go on from", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.undo();

  assert.deepEqual(store.answerOf(1).result, says("cat").result);
  assert.equal(store.answerOf(2), null);
});

test("an answer with the same words but another result is a change", () => {
  const store = createFilled();
  store.answer(says("cat"), 1);
  store.move(-1);

  assert.notEqual(store.answer({ value: "cat", result: [...says("cat").result, ...says("dog").result] }, 1), null);
});
