import assert from "node:assert/strict";
import { test } from "node:test";

import { createVerdicts } from "../../static/js/annotator/grid-feedback.js";
import { createSelection, listTouched } from "../../static/js/annotator/grid-selection.js";
import { createSets } from "../../static/js/annotator/grid-sets.js";
import { createGridStore, orderByGuess, orderByIds } from "../../static/js/annotator/grid-store.js";
import { listGridVerbs } from "../../static/js/annotator/grid-verbs.js";
import { assignKeys } from "../../static/js/annotator/keymap.js";

const makeTasks = (...ids) => ids.map((id) => ({ id, kind: "text", suggestions: [] }));
const guess = (id, value, score) => ({ id, suggestions: [{ id: id * 10, score, result: [{ value: { choices: [value] } }] }] });

function makeSelection(count, columns) {
  const selection = createSelection();
  selection.setSize(count, columns);
  return selection;
}

test("arrows move without selecting, and stay inside", () => {
  const selection = makeSelection(10, 4);
  selection.move(1, 0);
  selection.move(0, 1);
  assert.equal(selection.focus, 5);
  selection.move(0, 1);
  assert.equal(selection.focus, 9);
  selection.move(0, 1);
  assert.equal(selection.focus, 9);
  selection.move(0, -1);
  selection.move(-1, 0);
  assert.equal(selection.focus, 4);
  assert.deepEqual(selection.places, []);
});

test("shift and arrows select a range, and shrink it again", () => {
  const selection = makeSelection(12, 4);
  selection.toggle(0);
  selection.move(0, 1);
  selection.move(1, 0, { extend: true });
  selection.move(1, 0, { extend: true });
  assert.deepEqual(selection.places, [0, 4, 5, 6]);
  selection.move(-1, 0, { extend: true });
  assert.deepEqual(selection.places, [0, 4, 5]);
});

test("a click toggles, a click with shift takes everything between", () => {
  const selection = makeSelection(12, 4);
  selection.toggle(2);
  selection.extendTo(5);
  assert.deepEqual(selection.places, [2, 3, 4, 5]);
  selection.toggle(3);
  assert.deepEqual(selection.places, [2, 4, 5]);
  selection.toggle(99);
  assert.equal(selection.size, 3);
});

test("a box selects what it touches, adding to what was there when asked to", () => {
  const tiles = [0, 1, 2, 3].map((n) => ({ left: n * 10, right: n * 10 + 8, top: 0, bottom: 8 }));
  const touched = listTouched({ left: 9, right: 21, top: 2, bottom: 30 }, tiles);
  assert.deepEqual(touched, [1, 2]);
  const selection = makeSelection(4, 4);
  selection.toggle(0);
  selection.startBox();
  selection.box([1, 2], { isAdding: true });
  selection.box([1], { isAdding: true });
  assert.deepEqual(selection.places, [0, 1]);
  selection.box([3]);
  assert.deepEqual(selection.places, [3]);
});

test("one label for many is an operation each, and one step of undo", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1, 2, 3));
  assert.ok(store.advance());
  const made = store.label(store.tasks.slice(0, 2), "cat", 900);
  assert.deepEqual(made.map(({ kind, task, value, leadMs }) => [kind, task, value, leadMs]), [
    ["answer", 1, "cat", 450],
    ["answer", 2, "cat", 450],
  ]);
  assert.deepEqual(made[0].result[0].value, { choices: ["cat"] });
  assert.deepEqual(store.label(store.tasks.slice(0, 1), "cat", 5), []);
  store.label(store.tasks.slice(1, 2), "dog", 5);
  assert.deepEqual(store.open.map(({ id }) => id), [3]);

  assert.deepEqual(store.undo().map(({ kind, task, value }) => [kind, task, value]), [["answer", 2, "cat"]]);
  assert.deepEqual(store.undo().map(({ kind, task }) => [kind, task]), [["withdraw", 1], ["withdraw", 2]]);
  assert.deepEqual(store.undo(), []);
  assert.equal(store.open.length, 3);
});

test("undo goes back to the page on which it was decided", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1));
  store.advance();
  store.label(store.tasks, "cat", null);
  assert.equal(store.advance(), false);
  store.setAhead(makeTasks(2));
  store.advance();
  assert.deepEqual(store.tasks.map(({ id }) => id), [2]);
  store.undo();
  assert.deepEqual(store.tasks.map(({ id }) => id), [1]);
  assert.equal(store.isNewest, false);
  assert.deepEqual(store.heldIds, [1, 2]);
});

test("what is given back or lost is neither shown nor kept", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1, 2, 3));
  store.advance();
  store.label(store.tasks.slice(0, 1), "cat", null);
  store.drop([1, 2]);
  assert.deepEqual(store.tasks.map(({ id }) => id), [1, 3]);
  assert.deepEqual(store.giveBack(), [3]);
  assert.deepEqual(store.heldIds, []);
});

test("guesses stand together, the surest first, and are accepted each as it is", () => {
  const tasks = [guess(1, "owl", 0.2), { id: 2 }, guess(3, "cat", 0.5), guess(4, "owl", 0.9)];
  assert.deepEqual(orderByGuess(tasks).map(({ id }) => id), [3, 4, 1, 2]);
  assert.deepEqual(orderByIds(tasks, [4, 2]).map(({ id }) => id), [4, 2, 1, 3]);
  const store = createGridStore();
  store.setAhead(tasks);
  store.advance();
  assert.deepEqual(store.accept(store.tasks, null).map(({ task, value, suggestion }) => [task, value, suggestion]), [
    [1, "owl", { id: 10, outcome: "accepted" }],
    [3, "cat", { id: 30, outcome: "accepted" }],
    [4, "owl", { id: 40, outcome: "accepted" }],
  ]);
});

test("a reason is sent with each skip, and another one anew", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1, 2));
  store.advance();
  const first = store.skip(store.tasks, "too dark", 600);
  const second = store.skip(store.tasks.slice(0, 1), "no class fits", null);

  assert.deepEqual(first.map(({ kind, task, reason }) => [kind, task, reason]), [["skip", 1, "too dark"], ["skip", 2, "too dark"]]);
  assert.deepEqual(second.map(({ task, reason }) => [task, reason]), [[1, "no class fits"]]);
  assert.deepEqual(store.skip(store.tasks.slice(1), "too dark", null), []);
  assert.deepEqual(store.undo().map(({ task, reason }) => [task, reason]), [[1, "too dark"]]);
});

test("what was undone is done again, until something else is decided", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1, 2, 3));
  store.advance();
  const [one, two, three] = store.tasks;
  store.label([one, two], "cat", null);
  store.label([two], "dog", null);
  assert.equal(store.canRedo, false);
  store.undo();
  store.undo();
  assert.deepEqual([store.answer(1), store.answer(2), store.canUndo], [null, null, false]);

  const again = store.redo();
  assert.deepEqual(again.map(({ kind, task, value }) => [kind, task, value]), [["answer", 1, "cat"], ["answer", 2, "cat"]]);
  store.redo();
  assert.deepEqual([store.answer(1).value, store.answer(2).value, store.canRedo], ["cat", "dog", false]);
  assert.deepEqual(store.redo(), []);

  store.undo();
  store.label([three], "owl", null);
  assert.equal(store.canRedo, false);
});

test("a step that took an answer back is done again as one", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1));
  store.advance();
  store.skip(store.tasks, "dark", null);
  assert.deepEqual(store.undo().map(({ kind }) => kind), ["withdraw"]);
  assert.deepEqual(store.redo().map(({ kind, reason }) => [kind, reason]), [["skip", "dark"]]);
});

test("redo goes to the page that the step was on", () => {
  const store = createGridStore();
  store.setAhead(makeTasks(1));
  store.advance();
  store.label(store.tasks, "cat", null);
  store.setAhead(makeTasks(2));
  store.advance();
  store.undo();
  assert.deepEqual(store.tasks.map(({ id }) => id), [1]);
  store.advance();
  store.redo();
  assert.deepEqual([store.tasks[0].id, store.answer(1).value], [1, "cat"]);
});

test("every verb of the grid has a key, classes first, and any but the fixed ones can have another", () => {
  const names = ["label", "move", "next", "undo", "redo", "accept", "skip", "skip-reason", "guide", "comments", "keys", "look", "find", "toggle", "all", "none"];
  const run = Object.fromEntries(names.map((name) => [name, () => {}]));
  const verbs = listGridVerbs(run, [{ name: "cat", key: "u" }, { name: "dog", key: "s" }]);
  const keys = Object.fromEntries(assignKeys(verbs).map((verb) => [verb.id, verb.keys]));
  assert.deepEqual([keys["class:cat"], keys["grid:undo"], keys["grid:skip"]], [["u"], ["Ctrl+z"], ["Shift+x"]]);
  assert.ok(verbs.every((verb) => keys[verb.id].length && typeof verb.run === "function" && verb.words));

  const mine = Object.fromEntries(assignKeys(verbs, { "grid:redo": "y", "grid:next": "n" }).map((verb) => [verb.id, verb.keys]));
  assert.deepEqual([mine["grid:redo"], mine["grid:next"]], [["y"], ["Enter"]]);
});

test("verdicts of gold items are gathered for a page, and begin anew with the next", () => {
  const verdicts = createVerdicts();
  verdicts.add(0, { task: 1, given: "cat", isRight: true });
  verdicts.add(0, { task: 2, given: "cat", isRight: false, expected: "dog" });
  assert.deepEqual([verdicts.all.length, verdicts.rightCount, verdicts.find(2).expected], [2, 1, "dog"]);

  verdicts.add(1, { task: 7, given: "owl", isRight: true });
  assert.deepEqual([verdicts.all.map(({ task }) => task), verdicts.find(1)], [[7], null]);
});

test("the keys go to an item without touching what is selected", () => {
  const selection = makeSelection(6, 3);
  selection.toggle(0);
  selection.goTo(4);
  selection.goTo(9);
  assert.deepEqual([selection.focus, selection.places], [4, [0]]);
});

const MARKS = ["cat", "dog", "owl"];
const asked = (required) => ({
  objects: [{ name: "item", tag: "Text", field: "text" }],
  controls: [{ name: "label", tag: "Choices", type: "choices", to: "item", targets: ["item"], multiple: true, required, labels: MARKS.map((value) => ({ value, text: value, path: [value] })) }],
  main: "label",
}); // prettier-ignore

function makeSetStore(tasks, { required = true, findDraft = () => null } = {}) {
  const store = createGridStore({ labelKind: "free", sets: createSets(asked(required)), findDraft });
  store.setAhead(tasks);
  store.advance();
  return store;
}

const valuesOf = (store) => store.tasks.map(({ id }) => store.answer(id)?.value ?? null);

test("a key puts its class on all that are chosen, and takes it off where all have it", () => {
  const store = makeSetStore(makeTasks(1, 2, 3));
  assert.deepEqual(store.toggleClass(store.tasks.slice(0, 1), "owl"), []);
  store.toggleClass(store.tasks.slice(0, 2), "cat");
  assert.deepEqual(valuesOf(store), ["cat, owl", "cat", null]);
  assert.deepEqual(store.summarize(store.tasks.slice(0, 2)), { cat: "true", dog: "false", owl: "mixed" });
  store.toggleClass(store.tasks.slice(0, 2), "owl");
  store.toggleClass(store.tasks.slice(0, 2), "cat");
  assert.deepEqual(valuesOf(store), ["owl", "owl", null]);
  store.toggleClass(store.tasks.slice(0, 2), "owl");
  assert.deepEqual(valuesOf(store), [null, null, null]);
  assert.equal(store.open.length, 3);
});

test("sets are sent when they are saved, as one answer each; undo makes drafts of them again", () => {
  const store = makeSetStore(makeTasks(1, 2, 3));
  store.toggleClass(store.tasks.slice(0, 2), "dog");
  store.toggleClass(store.tasks.slice(0, 1), "cat");
  assert.deepEqual(store.heldIds, [1, 2, 3]);
  assert.deepEqual(store.idleIds, [3]);
  const saved = store.save(600);
  assert.deepEqual(saved.map(({ kind, task, leadMs, result }) => [kind, task, leadMs, result]), [
    ["answer", 1, 300, [{ from_name: "label", to_name: "item", type: "choices", value: { choices: ["cat", "dog"] } }]],
    ["answer", 2, 300, [{ from_name: "label", to_name: "item", type: "choices", value: { choices: ["dog"] } }]],
  ]);
  assert.deepEqual(store.save(1), []);
  assert.deepEqual(store.heldIds, [3]);
  assert.deepEqual(store.undo().map(({ kind, task }) => [kind, task]), [["withdraw", 1], ["withdraw", 2]]);
  assert.deepEqual(valuesOf(store), ["cat, dog", "dog", null]);
  assert.deepEqual(store.undo(), []);
  assert.deepEqual(valuesOf(store), ["dog", "dog", null]);
  store.redo();
  assert.deepEqual(store.redo().map(({ kind, task }) => [kind, task]), [["answer", 1], ["answer", 2]]);
});

test("a saved set counts until another one is saved in its place, or its last class is taken off", () => {
  const store = makeSetStore(makeTasks(1));
  store.toggleClass(store.tasks, "dog");
  store.save(null);
  assert.deepEqual(store.toggleClass(store.tasks, "cat"), []);
  assert.deepEqual(store.save(null).map(({ value }) => value), ["cat, dog"]);
  store.toggleClass(store.tasks, "cat");
  assert.deepEqual(store.toggleClass(store.tasks, "dog"), [{ kind: "withdraw", task: 1 }]);
});

test("no class at all is an answer only where none is required", () => {
  const [asking, free] = [makeSetStore(makeTasks(1)), makeSetStore(makeTasks(1), { required: false })];
  asking.clearClasses(asking.tasks);
  free.clearClasses(free.tasks);
  assert.deepEqual(asking.save(null), []);
  assert.deepEqual(free.save(null).map(({ kind, result }) => [kind, result]), [["answer", []]]);
});

test("a guess of several classes is sorted by, taken as it is, and its outcome told", () => {
  const guessed = (id, score, choices) => ({ id, suggestions: [{ id: id * 10, score, result: [{ from_name: "label", value: { choices } }] }] });
  const tasks = orderByGuess([guessed(1, 0.2, ["dog", "cat"]), { id: 2 }, guessed(3, 0.9, ["cat"]), guessed(4, 0.5, ["dog", "cat"])]);
  assert.deepEqual(tasks.map(({ id }) => id), [3, 4, 1, 2]);
  const store = makeSetStore(tasks);
  store.accept(store.tasks, null);
  store.toggleClass(store.tasks.slice(0, 1), "owl");
  assert.deepEqual(store.save(null).map(({ task, value, suggestion }) => [task, value, suggestion.outcome]), [
    [3, "cat, owl", "corrected"],
    [4, "cat, dog", "accepted"],
    [1, "cat, dog", "accepted"],
  ]);
});

test("sets that an earlier visit left unsaved stand on their tiles again", () => {
  const store = makeSetStore(makeTasks(1, 2), { findDraft: (id) => (id === 2 ? [{ from_name: "label", value: { choices: ["owl", "gone"] } }] : null) });
  assert.deepEqual(valuesOf(store), [null, "owl"]);
  assert.deepEqual(store.unsaved.map(({ id }) => id), [2]);
});

test("where an item has several classes there are keys to save and to take all off", () => {
  const run = { label() {}, move() {} };
  const idsOf = (sets) => listGridVerbs(run, [], sets).map(({ id }) => id);
  assert.ok(idsOf(createSets(asked(true))).includes("grid:save"));
  assert.ok(!idsOf(null).includes("grid:save"));
});
