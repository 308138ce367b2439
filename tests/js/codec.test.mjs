// Label Studio's JSON, as the Python side reads and writes it (tests/contracts hold both to the same examples).

import assert from "node:assert/strict";
import { test } from "node:test";

import { buildResult, parseNumber, readAnswer, readHistoryEntry, readOutcome, readTask, tellNumber, writeOperation } from "../../static/js/annotator/codec.js";

const choice = (name) => [{ from_name: "label", to_name: "item", type: "choices", value: { choices: [name] } }];

test("what an older page kept as a class or a number is sent as a result", () => {
  assert.deepEqual(buildResult("class", "naïve 😀"), choice("naïve 😀"));
  assert.deepEqual(buildResult("number", 12.5)[0].value, { number: 12.5 });
  const kept = { key: "k", kind: "answer", task: 3, value: "cat", leadMs: 12.6, at: 1 };
  assert.deepEqual(writeOperation(kept, "class"), { key: "k", kind: "answer", task: 3, result: choice("cat"), lead_time_ms: 13 });
});

test("a history entry is an answer with its result and what it says", () => {
  const entry = readHistoryEntry({ task: { id: 1 }, annotation: { kind: "answer", result: choice("cat"), reason: "" } });

  assert.deepEqual(entry.answer, { kind: "answer", result: choice("cat"), value: "cat" });
});

test("an outcome brings what a gold item says", () => {
  const feedback = { is_right: false, expected: choice("dog"), expected_value: null, explanation: "Look at the ears." };
  const outcome = readOutcome({ key: "k", status: "saved", message: "", feedback });

  assert.deepEqual(outcome, { key: "k", isSaved: true, message: "", feedback: { isRight: false, expected: "dog", explanation: "Look at the ears.", result: choice("dog") } });
});

test("operations are written as the batch endpoint wants them", () => {
  const answer = { key: "k", kind: "answer", task: 3, result: choice("cat"), value: "cat", suggestion: { id: 7, outcome: "accepted" } };
  assert.deepEqual(writeOperation(answer), { key: "k", kind: "answer", task: 3, result: choice("cat"), suggestion: { id: 7, outcome: "accepted" } });
  assert.deepEqual(writeOperation({ key: "k", kind: "withdraw", task: 3 }), { key: "k", kind: "withdraw", task: 3 });
  assert.equal(writeOperation({ key: "k", kind: "skip", task: 3 }).reason, "");
});

test("numbers are read with a point, and nothing is guessed", () => {
  const cases = { "12.5": 12.5, " -3 ": -3, "−4": -4, ".5": 0.5, "1e3": 1000, "12,5": null, "": null, abc: null, "1 000": null, Infinity: null };
  for (const [text, number] of Object.entries(cases)) assert.equal(parseNumber(text, "."), number, text);
});

test("a comma stands before the decimals where numbers are written so, and nothing groups", () => {
  const cases = { "12,5": 12.5, "-0,25": -0.25, ",5": 0.5, "12.5": 12.5, "1,234,5": null, "1.234,5": null, "1,234.5": null, "12,": 12, ",": null };
  for (const [text, number] of Object.entries(cases)) assert.equal(parseNumber(text, ","), number, text);
  assert.match(tellNumber(","), /12,5/);
  assert.match(tellNumber("."), /a point/);
});

test("a row keeps the order of its columns", () => {
  const task = readTask({ id: 1, item: 2, kind: "row", data: { row: {} }, fields: [["b", 1], ["a", null]] });
  assert.deepEqual(task.fields, [["b", 1], ["a", null]]);
});

test("what speaks of the whole task has no id, whatever tool gave it one; what is said of a region keeps the region's", () => {
  const box = { id: "b", from_name: "box", to_name: "item", type: "rectanglelabels", value: { rectanglelabels: ["cat"] } };
  const said = { id: "b", from_name: "color", to_name: "item", type: "choices", value: { choices: ["black"] } };
  const whole = { id: "w", from_name: "label", to_name: "item", type: "choices", value: { choices: ["yes"] } };
  const relation = { id: "r", type: "relation", from_id: "b", to_id: "b" };
  const { id: _, ...bare } = whole;

  const answer = readAnswer({ kind: "answer", result: [box, said, whole, relation] });
  const task = readTask({ id: 1, suggestions: [{ id: 7, result: [whole] }] });
  const { feedback } = readOutcome({ key: "k", status: "saved", feedback: { is_right: false, expected: [whole] } });

  assert.deepEqual(answer.result, [box, said, bare, relation]);
  assert.match(answer.value, /yes.*cat|cat.*yes/);
  assert.deepEqual(task.suggestions, [{ id: 7, result: [bare] }]);
  assert.deepEqual([feedback.expected, feedback.result], ["yes", [bare]]);
});
