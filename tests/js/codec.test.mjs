// Label Studio's JSON, as the Python side reads and writes it (tests/contracts hold both to the same examples).

import assert from "node:assert/strict";
import { test } from "node:test";

import { buildResult, parseNumber, readTask, readValue, writeOperation } from "../../static/js/annotator/codec.js";

test("a class goes into a result and comes out again", () => {
  for (const name of ["cat", "naïve 😀", "a & <b>", "שלום"]) assert.equal(readValue(buildResult("class", name)), name);
});

test("a number goes into a result and comes out again", () => {
  for (const number of [0, -3, 12.5, 1e-9, 123456789]) assert.equal(readValue(buildResult("number", number)), number);
});

test("an empty result has no value", () => {
  assert.equal(readValue([]), null);
  assert.equal(readValue(null), null);
});

test("operations are written as the batch endpoint wants them", () => {
  assert.deepEqual(writeOperation({ key: "k", kind: "answer", task: 3, value: "cat", leadMs: 12.6, at: 1 }, "class"), {
    key: "k",
    kind: "answer",
    task: 3,
    result: [{ from_name: "label", to_name: "item", type: "choices", value: { choices: ["cat"] } }],
    lead_time_ms: 13,
  });
  assert.deepEqual(writeOperation({ key: "k", kind: "withdraw", task: 3 }), { key: "k", kind: "withdraw", task: 3 });
  assert.equal(writeOperation({ key: "k", kind: "skip", task: 3 }).reason, "");
});

test("numbers are read with a point, and nothing is guessed", () => {
  const cases = { "12.5": 12.5, " -3 ": -3, "−4": -4, ".5": 0.5, "1e3": 1000, "12,5": null, "": null, abc: null, "1 000": null, Infinity: null };
  for (const [text, number] of Object.entries(cases)) assert.equal(parseNumber(text), number, text);
});

test("a row keeps the order of its columns", () => {
  const task = readTask({ id: 1, item: 2, kind: "row", data: { row: {} }, fields: [["b", 1], ["a", null]] });
  assert.deepEqual(task.fields, [["b", 1], ["a", null]]);
});
