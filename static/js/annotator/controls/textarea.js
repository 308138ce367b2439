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
  const element = make("div", { class: "annotator-text-control" }, boxes, more);

  const listBoxes = () => [...boxes.querySelectorAll("textarea, input")];

  function addBox(text) {
    const props = { class: "form-control", dir: "auto", placeholder, "aria-label": control.name, oninput: read };
    const box = lines > 1 ? make("textarea", { ...props, rows: lines }) : make("input", { ...props, "data-enter-submits": "" });
    box.value = text;
    boxes.append(box);
    more.hidden = most <= listBoxes().length;
    return box;
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
