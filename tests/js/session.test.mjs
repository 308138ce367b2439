import assert from "node:assert/strict";
import { test } from "node:test";

import { createSession } from "../../static/js/annotator/session.js";

const box = (x) => ({
  from_name: "label",
  to_name: "item",
  type: "rectanglelabels",
  value: { x, y: 0, width: 10, height: 10, rotation: 0, rectanglelabels: ["cell"] },
});

function make(result = []) {
  let count = 0;
  return createSession({ result, makeId: () => `r${++count}` });
}

test("undo and redo go over regions, their attributes, answers and relations alike", () => {
  const session = make();
  const a = session.add(box(1));
  const b = session.add(box(2));
  session.set({ control: "size", id: a }, { from_name: "size", to_name: "item", type: "choices", value: { choices: ["big"] } });
  session.set({ control: "quality" }, { from_name: "quality", to_name: "item", type: "rating", value: { rating: 3 } });
  session.relate(a, b, ["touches"]);
  const full = session.result;

  for (let steps = 0; steps < 5; steps += 1) assert.equal(session.undo(), true);
  assert.deepEqual(session.result, []);
  assert.equal(session.undo(), false);
  for (let steps = 0; steps < 5; steps += 1) assert.equal(session.redo(), true);
  assert.deepEqual(session.result, full);
});

test("a drag is one step, a second drag another", () => {
  const session = make();
  const id = session.add(box(0));
  for (const x of [1, 2, 3]) session.update(id, { x }, { merge: "drag-1" });
  for (const x of [4, 5]) session.update(id, { x }, { merge: "drag-2" });

  session.undo();
  assert.equal(session.regions[0].main.value.x, 3);
  session.undo();
  assert.equal(session.regions[0].main.value.x, 0);
});

test("a step after an undo of a merged one does not melt into it", () => {
  const session = make();
  const id = session.add(box(0));
  session.update(id, { x: 1 }, { merge: "drag" });
  session.update(id, { y: 1 });
  session.undo();
  session.update(id, { x: 2 }, { merge: "drag" });
  session.undo();

  assert.equal(session.regions[0].main.value.x, 1);
});

test("a removed region takes its attributes and relations along", () => {
  const session = make();
  const [a, b] = [session.add(box(1)), session.add(box(2))];
  session.set({ control: "size", id: a }, { from_name: "size", to_name: "item", type: "choices", value: { choices: ["big"] } });
  session.relate(b, a);
  session.remove([a]);

  assert.deepEqual(session.result.map((entry) => entry.id), [b]);
  assert.deepEqual(session.selectedIds, [b]);
});

test("what comes out is a copy, and what was put in stays the caller's", () => {
  const given = [{ ...box(1), id: "x" }];
  const session = make(given);
  session.result[0].value.x = 99;
  given[0].value.x = 98;

  assert.equal(session.regions[0].main.value.x, 1);
  assert.equal(session.isChanged, false);
});

test("saying the same again is no step", () => {
  const session = make([{ ...box(1), id: "x" }]);
  session.update("x", { x: 1 });

  assert.equal(session.canUndo, false);
});

test("the bytes of a mask are kept once, however often they are looked at, and nobody changes them", () => {
  const rle = [0, 0, 0, 4];
  const session = make([{ id: "m", from_name: "mask", to_name: "item", type: "brushlabels", value: { format: "rle", rle } }]);
  rle[0] = 9;
  session.set({ control: "size", id: "m" }, { from_name: "size", to_name: "item", type: "choices", value: { choices: ["big"] } });

  assert.equal(session.regions[0].main.value.rle, session.result[0].value.rle);
  assert.deepEqual(session.result[0].value.rle, [0, 0, 0, 4]);
  assert.throws(() => session.result[0].value.rle.push(1), TypeError);
  session.update("m", { rle: [0, 0, 0, 8] });
  assert.equal(session.update("m", { rle: [0, 0, 0, 8] }), false);
  session.undo();
  assert.deepEqual(session.result[0].value.rle, [0, 0, 0, 4]);
});

test("what was changed and changed back is not changed", () => {
  const session = make([{ ...box(1), id: "x" }]);
  session.update("x", { x: 2 });
  assert.equal(session.isChanged, true);
  session.update("x", { x: 1 });

  assert.equal(session.isChanged, false);
});
