import assert from "node:assert/strict";
import { test } from "node:test";

import { listChecks, resume, skipArrived } from "../../static/js/modules/upload-resume.js";

const PIECE = 8 << 20;
const choose = (path, size) => ({ path, file: { size }, sent: 0, state: "waiting" });
const known = (id, name, size, received, collection = 1) => ({ id, name, size, received, collection });

test("a file with the name and size of an unfinished one goes on where that stopped", () => {
  const chosen = [choose("other.csv", 900), choose("big.csv", 500)];

  const draft = resume(chosen, [known(7, "big.csv", 500, 300, 4)]);

  assert.equal(draft, 4);
  assert.deepEqual([chosen[1].upload, chosen[1].sent, chosen[1].isUnchecked], [7, 300, true]);
  assert.equal(chosen[0].upload, undefined);
});

test("another size is another file, and a file dropped in a folder may be chosen alone", () => {
  const chosen = [choose("big.csv", 501), choose("small.csv", 20)];

  assert.equal(resume(chosen, [known(7, "big.csv", 500, 300), known(8, "data/small.csv", 20, 10)]), 1);
  assert.deepEqual(chosen.map((entry) => entry.upload), [undefined, 8]);
});

test("all that is gone on with is of one draft, and no upload is taken twice", () => {
  const chosen = [choose("a.csv", 5), choose("x/a.csv", 5), choose("b.csv", 6)];

  resume(chosen, [known(1, "a.csv", 5, 2, 1), known(2, "b.csv", 6, 2, 2)]);
  assert.deepEqual(chosen.map((entry) => entry.upload), [1, undefined, undefined]);

  assert.equal(resume([choose("b.csv", 6)], [known(2, "b.csv", 6, 2, 2)], 1), 1);
  assert.equal(resume([choose("b.csv", 6)], []), null);
});

test("choosing more files leaves what was found alone", () => {
  const chosen = [choose("a.csv", 5)];
  const unfinished = [known(1, "a.csv", 5, 2)];
  resume(chosen, unfinished);
  Object.assign(chosen[0], { sent: 4, isUnchecked: false });
  chosen.push(choose("c.csv", 9));

  resume(chosen, unfinished, 1);

  assert.deepEqual([chosen[0].sent, chosen[0].isUnchecked], [4, false]);
});

test("the first and the last piece that arrived tell whether it is the same file", () => {
  assert.deepEqual(listChecks(0, PIECE), []);
  assert.deepEqual(listChecks(PIECE, PIECE), [[0, PIECE]]);
  assert.deepEqual(listChecks(3 * PIECE, PIECE), [[0, PIECE], [2 * PIECE, 3 * PIECE]]);
});

test("what arrived whole is not sent again", () => {
  const chosen = [choose("a/1.png", 10), choose("a/2.png", 10), choose("a/3.png", 11)];

  skipArrived(chosen, [
    { name: "a/1.png", byte_size: 10, is_complete: true },
    { name: "a/2.png", byte_size: 10, is_complete: false },
    { name: "a/3.png", byte_size: 10, is_complete: true },
  ]);

  assert.deepEqual(chosen.map((entry) => entry.state), ["sent", "waiting", "waiting"]);
});
