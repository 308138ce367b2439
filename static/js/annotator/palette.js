// The labels that regions are drawn with: armed by a key or a click, or put on the regions one has selected.

import { make, makeCap } from "./dom.js";
import { isDrawing } from "./interface.js";
import { listKeys } from "./keymap.js";

const verbId = (control, label) => `label:${control.name}:${label.value}`;

/** `memory.armed` is the label that was armed last: the next item begins with it. */
export function createPalette({ view, session, regions, memory = {} }) {
  const element = make("div", { class: "annotator-palette" });
  const buttons = new Map(); // control name + value -> button
  let byHand = []; // regions selected by hand, not by having been drawn just now

  for (const control of view.drawing) element.append(buildGroup(control));
  element.hidden = !view.drawing.length;

  const unsubscribe = session.subscribe(({ type }) => {
    if (type === "selected") byHand = session.selectedIds;
    if (type === "armed") memory.armed = session.armed;
    paint();
  });

  function buildGroup(control) {
    const group = make("div", { class: "annotator-labels", role: "group", "aria-label": control.called ?? control.name });
    if (view.drawing.length > 1) group.append(make("span", { class: "annotator-labels-name" }, control.attrs.title ?? control.called ?? control.name));
    if (control.attrs.filter) group.append(buildFilter(control));
    for (const label of control.labels.length ? control.labels : [{ value: null, text: control.tag, color: null }]) {
      const button = make(
        "button",
        {
          type: "button", class: "annotator-label", "data-enter-through": "", "aria-pressed": "false", "data-label": label.value, "data-keys-of": verbId(control, label),
          style: label.color ? { "--label": label.color } : {}, onclick: () => choose(control, label, true),
        },
        make("span", { dir: "auto" }, label.text ?? label.value),
        makeCap(label.key),
      ); // prettier-ignore
      buttons.set(`${control.name} ${label.value}`, button);
      if (label.heading) group.append(make("span", { class: "annotator-labels-name", dir: "auto" }, label.heading));
      group.append(button);
    }
    return group;
  }

  /** What is typed leaves the labels that have it; Enter takes the first of them, and all are there again. */
  function buildFilter(control) {
    const listFound = (words) => control.labels.filter(({ text, value }) => `${text ?? ""} ${value}`.toLowerCase().includes(words.trim().toLowerCase()));
    const apply = (words) => {
      const found = new Set(listFound(words));
      for (const label of control.labels) buttons.get(`${control.name} ${label.value}`).hidden = !found.has(label);
    };
    const onkeydown = (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      const [first] = event.target.value.trim() ? listFound(event.target.value) : [];
      if (first) choose(control, first);
      event.target.value = "";
      apply("");
      event.target.blur();
    };
    return make("input", { class: "form-control form-control-sm annotator-find-label", type: "search", placeholder: control.attrs.filter, "aria-label": `Find a label of ${control.called ?? control.name}`,
      "data-keys-of": `find:${control.name}`, autocomplete: "off", oninput: (event) => apply(event.target.value), onkeydown }); // prettier-ignore
  }

  function listSelected(control) {
    const ids = new Set(session.selectedIds);
    return session.regions.filter(({ id, main }) => ids.has(id) && main.from_name === control.name && !regions.isLocked(id));
  }

  /** Arm a label; regions selected by hand get it as well (with several labels allowed, it is put on or taken off). */
  function choose(control, { value }, isToggle = false) {
    const labels = value === null ? [] : [value];
    const isByHand = byHand.length === session.selectedIds.length && byHand.every((id) => session.selectedIds.includes(id));
    const selected = isByHand ? listSelected(control) : [];
    for (const { id, main } of selected) relabel(control, id, main, value);
    const isSame = session.armed?.control === control.name && session.armed.labels[0] === value;
    session.arm(isToggle && isSame && !selected.length ? null : { control: control.name, type: control.type, labels });
  }

  function relabel(control, id, main, value) {
    if (value === null) return;
    const had = main.value[control.type] ?? [];
    const toggled = had.includes(value) ? had.filter((one) => one !== value) : [...had, value];
    const next = control.multiple ? (toggled.length ? toggled : had) : [value];
    session.update(id, { [control.type]: next });
  }

  function paint() {
    const worn = new Set();
    for (const region of session.regions) {
      if (session.selectedIds.includes(region.id) && isDrawing(region.main)) {
        for (const value of region.main.value[region.main.type] ?? []) worn.add(`${region.main.from_name} ${value}`);
      }
    }
    const { armed } = session;
    for (const [name, button] of buttons) {
      const isArmed = Boolean(armed) && armed.labels.concat(armed.labels.length ? [] : [null]).some((value) => name === `${armed.control} ${value}`);
      button.setAttribute("aria-pressed", String(isArmed));
      button.classList.toggle("is-worn", worn.has(name));
    }
  }

  /** What is drawn with at first: what was armed last, what the configuration selects, or the only label there is. */
  function armFirst() {
    if (session.armed || !view.drawing.length) return;
    const [control] = view.drawing;
    const isOnly = view.drawing.length === 1 && control.labels.length === 1;
    const owner = view.drawing.find(({ labels }) => labels.some(({ selected }) => selected)) ?? (isOnly ? control : null);
    const label = owner?.labels.find(({ selected }) => selected) ?? owner?.labels[0];
    const first = memory.armed ?? (owner ? { control: owner.name, type: owner.type, labels: [label.value] } : null);
    if (first) session.arm(first);
  }

  return {
    element,
    paint,
    armFirst,
    verbs: () =>
      view.drawing.flatMap((control) => [
        ...control.labels.map((label) => ({
          id: verbId(control, label), group: "Labels", words: label.text ?? label.value,
          keys: listKeys(label.key), color: label.color, run: () => choose(control, label),
        })),
        ...(control.attrs.filter ? [{ id: `find:${control.name}`, group: "Labels", words: "Find a label by name; Enter takes the first", keys: ["/"], spare: ["Shift+f"], run: () => element.querySelector(`[data-keys-of="find:${control.name}"]`).focus() }] : []),
      ]), // prettier-ignore
    destroy: unsubscribe,
  };
}
