// Choices: one or several, flat or nested; each on its key.

import { make, makeCap } from "../dom.js";
import { listKeys } from "../keymap.js";
import { createAnswer } from "./answer.js";

const MANY = 12;

export function create({ control, session, id }) {
  const answer = createAnswer({ control, session, id });
  const usesPaths = control.nested && String(control.attrs.allownested ?? control.attrs.allowNested).toLowerCase() === "true";
  const first = new Map(control.labels.toReversed().map((label) => [label.value, label])); // one name may stand in several branches
  const last = new Map(control.labels.map((label) => [label.value, label]));
  const isOnly = ({ value }) => first.get(value) === last.get(value);
  const contentOf = (label) => (usesPaths || !isOnly(label) ? label.path : label.value);
  const isSame = (one, label) => (Array.isArray(one) ? JSON.stringify(one) === JSON.stringify(label.path) : label === first.get(one));
  const verbOf = (label) => answer.verbId(isOnly(label) ? label.value : label.path.join(" / "));
  const buttons = new Map(control.labels.map((label) => [label, buildButton(label)]));
  const list = make("div", { class: `annotator-options${control.nested ? " is-nested" : ""}`, role: control.multiple ? "group" : "radiogroup" }, ...buildParts());
  const filter = control.labels.length > MANY || control.attrs.filter ? buildFilter() : null;
  const element = make("div", { class: "annotator-choices-control" }, filter, list);

  /** The buttons, and what stands between them. */
  function buildParts() {
    return [...buttons].flatMap(([{ heading }, button]) => (heading ? [make("h4", { class: "annotator-among", dir: "auto" }, heading), button] : [button]));
  }

  function buildButton(label) {
    return make(
      "button",
      {
        type: "button", class: "annotator-option", "data-value": label.value, "data-enter-through": "", role: control.multiple ? "checkbox" : "radio",
        "aria-checked": "false", "data-keys-of": verbOf(label), style: { "--depth": (label.path?.length ?? 1) - 1 }, onclick: () => toggle(label),
      },
      make("span", { class: "annotator-mark" }), make("span", { dir: "auto" }, label.text || label.value), makeCap(label.key),
    ); // prettier-ignore
  }

  function buildFilter() {
    const input = make("input", { class: "form-control form-control-sm", type: "search", placeholder: control.attrs.filter ?? "Find …", "aria-label": `Find in ${control.called ?? control.name}`,
      oninput: applyFilter, onkeydown: onFilterKey }); // prettier-ignore
    return input;
  }

  function applyFilter() {
    const wanted = filter.value.trim().toLowerCase();
    for (const [label, button] of buttons) button.hidden = !(label.path ?? [label.value]).join(" ").toLowerCase().includes(wanted);
  }

  /** Enter takes the first that is left; what was typed goes. */
  function onFilterKey(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const found = [...buttons].find(([, button]) => !button.hidden);
    if (filter.value.trim() && found) toggle(found[0]);
    filter.value = "";
    applyFilter();
  }

  function toggle(label) {
    const had = answer.read() ?? [];
    const isOn = had.some((one) => isSame(one, label));
    if (!control.multiple) return answer.write(isOn ? [] : [contentOf(label)]);
    const said = isOn ? had.filter((one) => !isSame(one, label)) : [...had, contentOf(label)];
    const order = control.labels;
    const placeOf = (one) => order.findIndex((other) => isSame(one, other));
    return answer.write(said.sort((a, b) => placeOf(a) - placeOf(b)));
  }

  return {
    element,
    paint() {
      const said = answer.read() ?? [];
      for (const [label, button] of buttons) {
        const isOn = said.some((one) => isSame(one, label));
        button.setAttribute("aria-checked", String(isOn));
        button.classList.toggle("is-chosen", isOn);
      }
    },
    verbs: () => [
      ...control.labels.map((label) => ({ id: verbOf(label), words: isOnly(label) ? label.text || label.value : label.path.join(" › "), keys: listKeys(label.key), run: () => toggle(label) })),
      ...(filter ? [{ id: `find:${control.name}`, words: "Find by name; Enter takes the first", keys: ["/"], spare: ["i", "Shift+i", "Shift+w"], run: () => filter.focus() }] : []),
    ],
    focus: () => list.querySelector("button:not([hidden])")?.focus({ preventScroll: true }),
  };
}
