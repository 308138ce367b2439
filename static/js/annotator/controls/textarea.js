// TextArea: one text, or several where the configuration allows them.

import { make } from "../dom.js";
import { createAnswer } from "./answer.js";

export function create({ control, session, id }) {
  const answer = createAnswer({ control, session, id });
  const { placeholder = "", rows = "", maxSubmissions = "1" } = control.attrs;
  const most = Number.parseInt(maxSubmissions, 10) || 1;
  const lines = Number.parseInt(rows, 10) || 2;
  const boxes = make("div", { class: "annotator-texts" });
  const more = make("button", { type: "button", class: "btn btn-sm", onclick: () => addBox("").focus() }, "Add another");
  const ready = (control.attrs.shortcuts ?? []).map((shortcut) => ({ ...shortcut, press: readPress(shortcut.key) }));
  const element = make("div", { class: "annotator-text-control", onkeydown: onShortcut, onfocusin: ({ target }) => (lastBox = listBoxes().includes(target) ? target : lastBox) },
    boxes, ready.length ? buildShortcuts() : null, more); // prettier-ignore
  let lastBox = null; // where words go

  const listBoxes = () => [...boxes.querySelectorAll("textarea, input")];

  function addBox(text) {
    const props = { class: "form-control", dir: "auto", placeholder, "aria-label": control.called ?? control.name, oninput: read };
    const box = lines > 1 ? make("textarea", { ...props, rows: lines }) : make("input", { ...props, "data-enter-submits": "" });
    box.value = text;
    boxes.append(box);
    more.hidden = most <= listBoxes().length;
    return box;
  }

  function buildShortcuts() {
    const buttons = ready.map((one) =>
      make("button", { type: "button", class: "btn btn-sm", dir: "auto", title: one.text === one.words ? "" : one.text, onclick: () => insert(one.text) }, one.words, one.press ? make("kbd", {}, one.key) : null),
    );
    return make("div", { class: "annotator-shortcuts", role: "group", "aria-label": "Words ready to use" }, ...buttons);
  }

  /** Words in place of what is selected, a space away from the words before. */
  function insert(text) {
    const box = lastBox?.isConnected ? lastBox : listBoxes().at(-1);
    const before = box.value.slice(0, box.selectionStart);
    box.setRangeText(/\S$/.test(before) ? ` ${text}` : text, box.selectionStart, box.selectionEnd, "end");
    box.focus();
    read();
  }

  /** The key of a shortcut while one types: with Ctrl, Alt or a function key, as letters are the text's. */
  function onShortcut(event) {
    const found = ready.find(({ press }) => press?.(event));
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    insert(found.text);
  }

  function addByKey() {
    if (!more.hidden) addBox("").focus();
  }

  function read() {
    const texts = listBoxes().map((box) => box.value);
    const said = texts.filter((text) => text.trim());
    answer.write(said, { merge: `text ${control.name} ${id}` });
  }

  return {
    element,
    paint() {
      const said = answer.read() ?? [];
      const texts = typeof said === "string" ? [said] : said;
      const shown = listBoxes();
      const current = shown.map((box) => box.value).filter((text) => text.trim());
      if (shown.length && JSON.stringify(current) === JSON.stringify(texts)) return;
      boxes.replaceChildren();
      for (const text of texts.length ? texts : [""]) addBox(text);
    },
    verbs: () => [
      { id: answer.verbId("write"), words: "Write; Esc leaves the text", keys: ["t"], spare: ["y", "Shift+t", "Shift+y"], run: () => listBoxes()[0]?.focus() },
      ...(most > 1 ? [{ id: answer.verbId("more"), words: "Write one more", keys: ["Shift+Enter"], spare: ["Shift+w"], run: addByKey }] : []),
    ],
    focus: () => listBoxes()[0]?.focus({ preventScroll: true }),
  };
}

/** Whether an event is this key, "ctrl+1" in Label Studio's words; null for one that would take a letter from the text. */
function readPress(key) {
  const parts = (key ?? "").toLowerCase().split(",")[0].split("+").map((part) => part.trim());
  const name = parts.at(-1);
  const wants = (...names) => parts.slice(0, -1).some((part) => names.includes(part));
  const [ctrl, alt, shift] = [wants("ctrl", "control", "cmd", "command", "meta"), wants("alt", "option"), wants("shift")];
  if (!name || (!ctrl && !alt && !/^f\d+$/.test(name))) return null;
  return (event) =>
    (event.key.toLowerCase() === name || event.code.toLowerCase() === `key${name}` || event.code.toLowerCase() === `digit${name}`) &&
    (event.ctrlKey || event.metaKey) === ctrl && event.altKey === alt && event.shiftKey === shift; // prettier-ignore
}
