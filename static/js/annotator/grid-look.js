// One item of the grid large: the one the keys stand on, for as long as the dialog is open. The class keys go on
// working, so that a page can be gone through item by item.

import { make } from "./dom.js";
import { buildFields } from "./surfaces/table.js";

const LEFT_OUT = new Set(["grid:next", "grid:none", "grid:keys", "grid:guide", "grid:comments", "grid:find", "grid:skip-reason"]);

function buildWhole(task) {
  if (task.kind === "image") return make("img", { class: "label-grid-whole", src: task.image, alt: task.source || `Item ${task.itemId}` });
  if (task.kind === "text") return make("p", { class: "label-grid-whole-text", dir: "auto" }, task.text);
  return make("div", { class: "label-grid-whole-row" }, buildFields(task.fields, task.sound));
}

/** `current()` is the task the keys stand on; `describe(task)` what is said of it so far. */
export function createLook({ dialog, body, title, words, current, describe, onClose }) {
  let shown = null;

  function paint() {
    if (!dialog.open) return;
    const task = current();
    if (!task) return dialog.close();
    if (task !== shown) body.replaceChildren(buildWhole(task));
    shown = task;
    title.textContent = `Item ${task.itemId}`;
    words.textContent = describe(task);
  }

  dialog.addEventListener("close", () => {
    shown = null;
    body.replaceChildren(); // a sound stops
    onClose();
  });

  return {
    paint,
    toggle() {
      if (dialog.open) return dialog.close();
      dialog.showModal();
      paint();
    },
    /** Of the verbs of the page those that make sense while one item covers it. */
    keep: (verbs) => (dialog.open ? verbs.filter(({ id }) => !LEFT_OUT.has(id)) : verbs),
  };
}
