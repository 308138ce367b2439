// The fast path: one question, one key press, no submit. Classes as buttons, or one number.

import { parseNumber, tellNumber } from "./codec.js";
import { make, makeCap } from "./dom.js";
import { buildEntry, readDefault } from "./interface.js";
import { listKeys } from "./keymap.js";

const MANY = 12;

/** `answer(entry, words)` gives the answer. Returns {elements, verbs(), show(answer, isNew, task), suggest(result), flash(value), onEnter(), onEscape()}. */
export function createQuick(control, answer, headings = []) {
  const quick = control.type === "number" ? createNumber(control, answer) : createClasses(control, answer);
  const lines = headings.map(({ text, field }) => ({ field, element: make("h2", { class: "annotator-heading", dir: "auto" }, text ?? "") }));
  return {
    ...quick,
    elements: [...lines.map(({ element }) => element), ...quick.elements],
    show(given, isNew, task) {
      for (const { field, element } of lines) {
        if (field) element.textContent = task?.data[field] ?? "";
        element.hidden = !element.textContent;
      }
      quick.show(given, isNew);
    },
  };
}

function createClasses(control, answer) {
  const isMany = control.labels.length > MANY;
  const isSearched = isMany || Boolean(control.attrs.filter);
  const buttons = control.labels.map((label) =>
    make(
      "button",
      { type: "button", class: "annotator-choice", "data-class": label.value, "aria-pressed": "false", "data-keys-of": `answer:${label.value}`, onclick: () => choose(label.value) },
      make("span", { dir: "auto" }, label.text || label.value), makeCap(label.key),
    ),
  ); // prettier-ignore
  const parts = control.labels.flatMap(({ heading }, index) => (heading ? [make("h3", { class: "annotator-among", dir: "auto" }, heading), buttons[index]] : [buttons[index]]));
  const filter = isSearched
    ? make("input", { class: "form-control annotator-filter", "data-part": "filter", type: "search", placeholder: control.attrs.filter ?? "Find a class",
        "data-keys-of": "page:find", "aria-label": "Find a class by its name", autocomplete: "off", oninput: () => applyFilter() }) // prettier-ignore
    : null;
  const choices = make("div", { class: `annotator-choices${isMany ? " is-many" : ""}`, "data-part": "choices", role: "group", "aria-label": "Classes" }, ...parts);

  const choose = (value) => answer(buildEntry(control, [value]), value);

  function applyFilter() {
    const wanted = filter.value.trim().toLowerCase();
    for (const button of buttons) button.hidden = !button.dataset.class.toLowerCase().includes(wanted);
  }

  function clearFilter() {
    if (!filter) return;
    filter.value = "";
    filter.blur();
    applyFilter();
  }

  const valueOf = (result) => result?.[0]?.value?.choices?.[0] ?? null;

  return {
    elements: filter ? [filter, choices] : [choices],
    verbs: () => [
      ...control.labels.map(({ value, text, key }) => ({ id: `answer:${value}`, group: "Classes", words: text || value, keys: listKeys(key), run: () => choose(value) })),
      ...(filter ? [{ id: "page:find", group: "Page", words: "Find a class by name; Enter takes the first", keys: ["/"], run: () => filter.focus() }] : []),
    ],
    show(given) {
      const chosen = given?.kind === "answer" ? valueOf(given.result) : null;
      for (const button of buttons) {
        button.classList.toggle("is-chosen", button.dataset.class === chosen);
        button.setAttribute("aria-pressed", String(button.dataset.class === chosen));
      }
    },
    suggest(result) {
      const value = valueOf(result);
      for (const button of buttons) button.classList.toggle("is-suggested", value !== null && button.dataset.class === value);
    },
    flash(result) {
      const button = buttons.find((other) => other.dataset.class === valueOf(result));
      if (!button) return;
      button.classList.remove("is-flashing");
      void button.offsetWidth; // restart the animation for the same class twice in a row
      button.classList.add("is-flashing");
    },
    onEnter() {
      if (!filter || document.activeElement !== filter) return;
      const first = buttons.find((button) => !button.hidden);
      if (filter.value && first) choose(first.dataset.class);
      clearFilter();
    },
    onEscape: clearFilter,
  };
}

function createNumber(control, answer) {
  const input = make("input", { class: "form-control form-control-lg", id: "annotator-number", "data-part": "number", "data-keys-through": "", inputmode: "decimal",
    autocomplete: "off", "aria-describedby": "annotator-number-error" }); // prettier-ignore
  const error = make("p", { class: "annotator-number-error", id: "annotator-number-error", "data-part": "numberError", role: "alert" });
  const save = make("button", { type: "button", class: "btn btn-primary", "data-action": "save-number", onclick: submit }, "Save ", make("kbd", {}, "Enter"));
  const element = make("div", { class: "annotator-number" }, make("label", { class: "form-label", for: "annotator-number" }, "The number for this item"),
    make("div", { class: "input-group" }, input, save), error); // prettier-ignore
  const [low, high] = [readLimit(control.attrs.min), readLimit(control.attrs.max)];

  function submit() {
    const number = parseNumber(input.value);
    if (number === null) {
      error.textContent = input.value.trim() ? tellNumber() : "Type a number, or skip the item.";
    } else if ((low !== null && number < low) || (high !== null && number > high)) {
      error.textContent = `Type a number ${low === null ? "" : `from ${low} `}${high === null ? "upwards" : `to ${high}`}.`.replace("  ", " ");
    } else answer(buildEntry(control, number), number);
  }

  return {
    elements: [element],
    verbs: () => [{ id: "answer:number", group: "Number", words: "Type the number", keys: ["d"], run: () => (input.focus(), input.select()) }],
    show(given, isNew) {
      if (!isNew) return;
      const number = given?.kind === "answer" ? given.result?.[0]?.value?.number : readDefault(control);
      input.value = number == null ? "" : String(number);
      error.textContent = "";
      input.focus({ preventScroll: true });
      input.select();
    },
    suggest(result) {
      const number = result?.[0]?.value?.number;
      input.placeholder = number == null ? "" : `Suggested: ${number}`;
    },
    flash() {},
    onEnter: submit,
    onEscape() {},
  };
}

function readLimit(given) {
  const number = given === undefined || given === "" ? NaN : Number(given);
  return Number.isFinite(number) ? number : null;
}
