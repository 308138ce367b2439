// Which key does what, when several want the same one and when a person changes them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assignKeys, chordOfEvent, findHolder, listBindings, listCaps, openOverrides, readChord } from "../../static/js/annotator/keymap.js";

const run = () => {};
const keysOf = (assigned) => Object.fromEntries(assigned.map(({ id, keys }) => [id, keys]));

test("labels have their keys, and a verb that lost its own takes a spare one", () => {
  const verbs = [{ id: "label", keys: ["a"], run }, { id: "accept", keys: ["a"], spare: ["Shift+a"], run }, { id: "undo", keys: ["u", "Ctrl+z"], run }];

  assert.deepEqual(keysOf(assignKeys(verbs)), { label: ["a"], accept: ["Shift+a"], undo: ["u", "Ctrl+z"] });
});

test("a key that a person chose wins over what came with it", () => {
  const verbs = [{ id: "label", keys: ["1"], run }, { id: "undo", keys: ["u"], run }];
  const assigned = assignKeys(verbs, { undo: "1" });

  assert.deepEqual(keysOf(assigned), { label: [], undo: ["1"] });
  assert.equal(assigned[1].isOwn, true);
});

test("a taken key is known by who has it", () => {
  const assigned = assignKeys([{ id: "label", keys: ["1"], run }, { id: "undo", keys: ["u"], run }]);

  assert.equal(findHolder(assigned, "1", "undo").id, "label");
  assert.equal(findHolder(assigned, "u", "undo"), null);
});

test("fixed verbs stay on their keys", () => {
  assert.deepEqual(keysOf(assignKeys([{ id: "enter", keys: ["Enter"], isFixed: true, run }], { enter: "q" })), { enter: ["Enter"] });
});

test("chords are read from events and shown on caps", () => {
  assert.equal(chordOfEvent({ key: "S", shiftKey: true }), "Shift+s");
  assert.equal(chordOfEvent({ key: "?", shiftKey: true }), "?");
  assert.equal(chordOfEvent({ key: "z", metaKey: true, shiftKey: true }), "Ctrl+Shift+z");
  assert.equal(chordOfEvent({ key: "Shift", shiftKey: true }), null);
  assert.deepEqual(readChord("Ctrl++"), { key: "+", ctrl: true, shift: false });
  assert.deepEqual(readChord("+"), { key: "+", ctrl: false, shift: false });
  assert.deepEqual(listCaps("Ctrl+Shift+z"), ["Ctrl", "Shift", "Z"]);
});

test("bindings carry what the keyboard needs", () => {
  const [binding] = listBindings(assignKeys([{ id: "undo", keys: ["Ctrl+z"], run, repeats: true }]));

  assert.deepEqual(binding, { key: "z", ctrl: true, shift: false, id: "undo", run, whileTyping: undefined, repeats: true });
});

test("changed keys are kept, and broken memory is none", () => {
  const kept = new Map([["keys", "{broken"]]);
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  const warn = console.warn;
  console.warn = () => {};
  const overrides = openOverrides(storage, "keys");
  console.warn = warn;
  overrides.set("undo", "q");

  assert.deepEqual(openOverrides(storage, "keys").all, { undo: "q" });
  overrides.clear("undo");
  assert.deepEqual(openOverrides(storage, "keys").all, {});
});
