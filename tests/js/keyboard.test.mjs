// Which binding an event asks for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findBinding } from "../../static/js/annotator/keyboard.js";

const bindings = [
  { key: "1" },
  { key: "s" },
  { key: "s", shift: true },
  { key: "z", ctrl: true },
  { key: "?" },
  { key: "Enter", whileTyping: true },
  { key: "ArrowLeft", repeats: true },
];
const press = (key, extra = {}, isTyping = false) =>
  bindings.indexOf(findBinding(bindings, { key, altKey: false, ctrlKey: false, metaKey: false, ...extra }, isTyping));

test("plain keys, Shift, Ctrl and Cmd are told apart", () => {
  assert.equal(press("1"), 0);
  assert.equal(press("s"), 1);
  assert.equal(press("S"), 1); // Caps Lock is no Shift
  assert.equal(press("S", { shiftKey: true }), 2);
  assert.equal(press("z", { metaKey: true }), 3);
  assert.equal(press("z", { ctrlKey: true }), 3);
  assert.equal(press("z"), -1);
  assert.equal(press("1", { ctrlKey: true }), -1);
  assert.equal(press("?", { shiftKey: true }), 4);
});

test("a key that is held down labels once, and walks through the history", () => {
  assert.equal(press("1", { repeat: true }), -1);
  assert.equal(press("ArrowLeft", { repeat: true }), 6);
});

test("keys typed into a field are left alone, but for those that say otherwise", () => {
  assert.equal(press("1", {}, true), -1);
  assert.equal(press("Enter", {}, true), 5);
});

test("Shift is a part of named keys and of letters, not of characters", () => {
  const list = [{ key: "ArrowLeft", shift: true }, { key: "?" }];
  const find = (event) => list.indexOf(findBinding(list, event, false));

  assert.equal(find({ key: "ArrowLeft", shiftKey: true }), 0);
  assert.equal(find({ key: "ArrowLeft" }), -1);
  assert.equal(find({ key: "?", shiftKey: true }), 1);
});

test("keys are where a Latin keyboard has them while another script is typed, and digits need no Shift", () => {
  assert.equal(press("ы", { code: "KeyS" }), 1); // Russian
  assert.equal(press("Ы", { code: "KeyS", shiftKey: true }), 2);
  assert.equal(press("я", { code: "KeyZ", ctrlKey: true }), 3);
  assert.equal(press("&", { code: "Digit1" }), 0); // French
  assert.equal(press("!", { code: "Digit1", shiftKey: true }), -1); // English: Shift makes it another key
  assert.equal(press("o", { code: "KeyS" }), -1); // Dvorak says what it means
  assert.equal(press("ы", { code: "KeyS" }, true), -1);
});

test("a label that has a key of another script keeps it", () => {
  const list = [{ key: "s" }, { key: "ы" }];

  assert.equal(list.indexOf(findBinding(list, { key: "ы", code: "KeyS" }, false)), 1);
});
