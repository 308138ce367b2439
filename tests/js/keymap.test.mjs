// Which key does what, when several want the same one and when a person changes them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assignKeys, chordOfEvent, findHolder, listBindings, listCaps, nameChord, openOverrides, readChord } from "../../static/js/annotator/keymap.js";
import { listVerbs } from "../../static/js/annotator/surfaces/image/verbs.js";
import { listPageVerbs, listRegionVerbs, listSuggestionVerbs } from "../../static/js/annotator/verbs.js";

const run = () => {};
const keysOf = (assigned) => Object.fromEntries(assigned.map(({ id, keys }) => [id, keys]));

const CLASS_KEYS = [..."1234567890qwertyiopadfhjklzxcvbnm"]; // as lifecycle/contracts/label_interface/palette.py gives them out
const listLabels = (count) => Array.from({ length: count }, (_, place) => ({ id: `label:${place + 1}`, words: "a class", keys: CLASS_KEYS.slice(place, place + 1), run }));

/** All verbs of a picture to draw on, in the order in which the page gives out keys. */
function listImageVerbs(labels, tags, { isQuick = false } = {}) {
  const viewport = { zoomIn: run, zoomOut: run, fit: run, actualSize: run };
  const editing = { nudge: run, zoomToSelected: run, insert: run, duplicate: run, copyPrevious: run, turn: run, prompting: { asking: tags }, corners: { next: run, add: run, remove: run } };
  const surface = listVerbs({ drawing: tags.map((tag) => ({ tag })), editing, viewport, preferences: {}, repaint: run, disarm: run });
  const regions = tags.length ? listRegionVerbs({}, { hasRelations: true, hasLinks: true, isBusy: true }) : [];
  return [...labels, ...surface, ...regions, ...listSuggestionVerbs({ accept: run, reject: run, submit: isQuick ? null : run }), ...listPageVerbs({}, { isQuick, hasComments: true })];
}

test("labels have their keys, and a verb that lost its own takes a spare one", () => {
  const verbs = [{ id: "label", keys: ["a"], run }, { id: "accept", keys: ["a"], spare: ["Shift+a"], run }, { id: "undo", keys: ["u", "Ctrl+z"], run }];

  assert.deepEqual(keysOf(assignKeys(verbs)), { label: ["a"], accept: ["Shift+a"], undo: ["u", "Ctrl+z"] });
});

test("a spare key is nobody's own, and one verb takes one of them", () => {
  const verbs = [
    { id: "label", keys: ["a"], run }, { id: "accept", keys: ["a"], spare: ["Shift+a", "Shift+y", "Shift+w"], run },
    { id: "reject", keys: ["x"], spare: ["Shift+w"], run }, { id: "extreme", keys: ["x"], run }, { id: "actual", keys: ["Shift+a"], run },
  ]; // prettier-ignore

  assert.deepEqual(keysOf(assignKeys(verbs)), { label: ["a"], accept: ["Shift+y"], reject: ["x"], extreme: [], actual: ["Shift+a"] });
});

test("a suggestion is accepted by a key on pictures with twenty classes", () => {
  const keys = keysOf(assignKeys(listImageVerbs(listLabels(20), [], { isQuick: true })));

  assert.deepEqual([keys["label:20"], keys["image:actual"], keys["suggestion:accept"]], [["a"], ["Shift+a"], ["Shift+y"]]);
});

test("regions are walked through by keys beside a brush", () => {
  const keys = keysOf(assignKeys(listImageVerbs(listLabels(3), ["BrushLabels"])));

  assert.deepEqual([keys["image:wider"], keys["image:thinner"]], [["]"], ["["]]);
  assert.deepEqual([keys["region:next"], keys["region:previous"]], [["Shift+n"], ["Shift+p"]]);
});

for (const tags of [[], ["RectangleLabels"], ["RectangleLabels", "PolygonLabels", "BrushLabels"]]) {
  for (const count of [3, 20, CLASS_KEYS.length]) {
    test(`every verb has a key of its own with ${count} classes and ${tags.join(", ") || "nothing to draw"}`, () => {
      const assigned = assignKeys(listImageVerbs(listLabels(count), tags)).filter(({ isFixed }) => !isFixed);
      const keys = assigned.flatMap((verb) => verb.keys);

      assert.deepEqual(assigned.filter((verb) => !verb.keys.length).map(({ id }) => id), []);
      assert.equal(new Set(keys).size, keys.length);
    });
  }
}

test("a label past the last key can be given one", () => {
  const labels = listLabels(CLASS_KEYS.length + 1);
  const last = labels.at(-1).id;

  assert.deepEqual(keysOf(assignKeys(labels))[last], []);
  assert.deepEqual(keysOf(assignKeys(labels, { [last]: ";" }))[last], [";"]);
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
  assert.equal(nameChord("Shift+ArrowLeft"), "Shift+←");
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
