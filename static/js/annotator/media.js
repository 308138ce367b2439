// What is shown of a task: a plain picture, text or row, or a whole desk. Built before its turn comes, so that showing
// it is one swap of elements.

import { make } from "./dom.js";
import { buildFields } from "./surfaces/table.js";

const KEPT = 150; // more than are ever held ahead

async function buildImage(task, looker) {
  const image = new Image();
  image.className = "image-picture";
  image.alt = task.source ? `Item ${task.itemId}: ${task.source}` : `Item ${task.itemId}`;
  image.draggable = false;
  image.decoding = "sync";
  image.src = task.image;
  await image.decode();
  return { element: looker.element, show: () => looker.show(image), verbs: looker.verbs };
}

function buildText(task) {
  return { element: make("div", { class: "annotator-text" }, make("p", { class: task.text.length > 600 ? "is-long" : "", dir: "auto" }, task.text)) };
}

const builders = { image: buildImage, text: buildText, row: (task) => ({ element: buildFields(task.fields, task.sound) }) };

/** An item as it comes: nothing to draw on, nothing to remember. Pictures share the looker. */
export const buildPlain = async (task, looker) => ({ task, ...(await builders[task.kind](task, looker)) });

function buildFailure(words, retry) {
  const button = make("button", { type: "button", class: "btn btn-sm", onclick: retry }, "Try again");
  return make("div", { class: "annotator-failure" }, make("p", {}, words), button);
}

/**
 * `build(task)` resolves to {element, show?(), hide?(), verbs?(), destroy?()}. `onShown(desk)` hears which desk is on the stage,
 * null while none is.
 */
export function createMedia({ build, onShown = () => {} }) {
  const ready = new Map(); // task id -> desk, in the order of last use
  const coming = new Map(); // task id -> promise of the desk
  let shown = null;

  function keep(id, desk) {
    ready.delete(id);
    ready.set(id, desk);
    for (const [oldest, old] of ready) {
      if (ready.size <= KEPT) break;
      if (old === shown) continue;
      ready.delete(oldest);
      old.destroy?.();
    }
  }

  async function buildOne(task) {
    try {
      const desk = await build(task);
      keep(task.id, desk);
      return desk;
    } finally {
      coming.delete(task.id);
    }
  }

  /** Fetch and decode; safe to call again. Resolves to the desk. */
  function prepare(task) {
    if (ready.has(task.id)) return Promise.resolve(ready.get(task.id));
    if (!coming.has(task.id)) coming.set(task.id, buildOne(task));
    return coming.get(task.id);
  }

  function leave() {
    shown?.hide?.();
    shown = null;
  }

  function enter(desk, stage) {
    if (shown !== desk) leave();
    shown = desk;
    keep(desk.task.id, desk);
    if (stage.firstChild !== desk.element || stage.childNodes.length > 1) stage.replaceChildren(desk.element);
    onShown(desk);
    desk.show?.();
  }

  return {
    prepare: (task) => prepare(task).catch(() => null),
    find: (task) => ready.get(task.id) ?? null,
    get shown() {
      return shown;
    },

    /** Put a task into `stage`: at once when it is ready, else as soon as it is and still wanted. */
    show(task, stage, isWanted) {
      const desk = ready.get(task.id);
      if (desk) {
        enter(desk, stage);
        return true;
      }
      leave();
      stage.replaceChildren();
      onShown(null);
      const retry = () => this.show(task, stage, isWanted);
      const fail = (error) => {
        if (!isWanted()) return;
        const isPicture = task.kind === "image" || error?.name === "EncodingError";
        const words = isPicture ? "This picture could not be loaded. Label it only if you know it; or skip it." : `This item could not be shown (${error.message}). Skip it, or try again.`;
        stage.replaceChildren(buildFailure(words, retry));
      };
      prepare(task).then((late) => isWanted() && enter(late, stage), fail);
      return false;
    },

    /** Forget what was built for a task: its next showing starts from what is known then. */
    drop(id) {
      const desk = ready.get(id);
      if (!desk || desk === shown) return;
      ready.delete(id);
      desk.destroy?.();
    },

    leave,
    destroy() {
      leave();
      for (const desk of ready.values()) desk.destroy?.();
      ready.clear();
    },
  };
}
