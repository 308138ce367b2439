// The dialogs of the labelling page: all keys, with a way to change them; why an item is skipped.

import { make, makeCaps } from "./dom.js";
import { chordOfEvent, findHolder, listCaps } from "./keymap.js";

/** The list of all keys, from what is bound now. `assigned()` gives verbs with their keys, `overrides` keeps changes. */
export function createKeysDialog({ dialog, assigned, overrides, onChange }) {
  const table = dialog.querySelector("[data-part=keyTable]");
  const words = dialog.querySelector("[data-part=keyWords]");
  let waiting = null; // the verb that gets the next key

  function paint() {
    const groups = new Map();
    for (const verb of assigned()) {
      if (!verb.words || (verb.isFixed && !verb.keys.length)) continue; // the same key does what comes before it here
      if (!groups.has(verb.group)) groups.set(verb.group, []);
      groups.get(verb.group).push(verb);
    }
    table.replaceChildren(
      ...[...groups].flatMap(([group, verbs]) => [
        make("tr", {}, make("th", { colspan: "3", scope: "colgroup", class: "annotator-key-group", dir: "auto" }, group)),
        ...verbs.map(buildRow),
      ]),
    );
  }

  function buildRow(verb) {
    const isWaiting = waiting === verb.id;
    const caps = isWaiting ? [make("i", {}, "press a key …")] : buildCaps(verb.keys);
    const change = verb.isFixed
      ? null
      : make("button", { type: "button", class: "btn btn-sm btn-ghost-secondary", onclick: () => wait(isWaiting ? null : verb.id) }, isWaiting ? "Keep it" : "Change");
    const reset = verb.isOwn ? make("button", { type: "button", class: "btn btn-sm btn-ghost-secondary", onclick: () => reassign(verb.id, null) }, "Reset") : null;
    return make("tr", { "data-verb": verb.id }, make("td", {}, ...caps), make("td", { dir: "auto" }, verb.words), make("td", { class: "text-end" }, change, reset));
  }

  function buildCaps(keys) {
    if (!keys.length) return [make("span", { class: "text-secondary" }, "no key")];
    return keys.flatMap((chord, index) => [...(index ? [" or "] : []), makeCaps(listCaps(chord))]);
  }

  function wait(id) {
    waiting = id;
    words.textContent = id ? "Press the new key, or Esc to keep the old one." : "";
    paint();
    if (id) table.querySelector(`[data-verb="${CSS.escape(id)}"] button`)?.focus(); // the next key must come to this dialog
  }

  function reassign(id, chord) {
    if (chord === null) overrides.clear(id);
    else overrides.set(id, chord);
    waiting = null;
    words.textContent = chord === null ? "Back to the key it had." : "Changed for you, in this browser.";
    onChange();
    paint();
  }

  dialog.addEventListener("keydown", (event) => {
    if (waiting === null) return;
    const chord = chordOfEvent(event);
    if (!chord) return;
    event.preventDefault();
    event.stopPropagation();
    if (chord === "Escape") return wait(null);
    const holder = findHolder(assigned(), chord, waiting);
    if (holder) words.textContent = `This key is taken: ${holder.words}. Choose another.`;
    else reassign(waiting, chord);
  });
  dialog.addEventListener("close", () => wait(null));
  dialog.querySelector("[data-action=reset-keys]").addEventListener("click", () => {
    overrides.clear();
    words.textContent = "All keys are as they came.";
    onChange();
    paint();
  });

  return {
    open() {
      words.textContent = "";
      paint();
      if (!dialog.open) dialog.showModal();
    },
  };
}

/** `skip(reason)`; `reasons` is the project's list, or none for the usual three; one of them may have to be said. */
export function createSkipDialog({ dialog, reasons, needsReason = false, skip }) {
  if (needsReason) Object.assign(dialog.querySelector("[name=reason]"), { required: true, pattern: ".*\\S.*" }); // more than blanks
  if (reasons?.length) {
    const buttons = reasons.map((reason) => make("button", { type: "button", class: "btn", "data-reason": reason }, reason));
    dialog.querySelector("[data-part=reasons]").replaceChildren(...buttons);
  }
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reason]");
    if (!button) return;
    dialog.close();
    skip(button.dataset.reason);
  });
  dialog.querySelector("[data-part=skipForm]").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    dialog.close();
    skip(form.elements.reason.value.trim());
    form.reset();
  });
  return { open: () => !dialog.open && dialog.showModal() };
}
