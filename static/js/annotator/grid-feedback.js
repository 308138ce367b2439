// What gold items said of the answers of a page, gathered: how many were right, and each that was not.

import { make } from "./dom.js";

const RIGHT_MS = 6_000; // all right: gone by itself

/** Verdicts of one page at a time, the newest. Pure. A verdict is {task, given, isRight, expected, explanation}. */
export function createVerdicts() {
  let page = null;
  let verdicts = new Map(); // task id -> verdict

  return {
    /** The first verdict of another page begins anew. */
    add(ofPage, verdict) {
      if (ofPage !== page) verdicts = new Map();
      page = ofPage;
      verdicts.set(verdict.task, verdict);
    },
    find: (id) => verdicts.get(id) ?? null,
    get all() {
      return [...verdicts.values()];
    },
    get rightCount() {
      return this.all.filter(({ isRight }) => isRight).length;
    },
  };
}

/** `look(taskId)` brings the keys to an item of the page. */
export function createFeedback({ element, verdicts, look }) {
  let timer = null;
  const close = () => (element.hidden = true);

  function buildWrong({ task, given, expected, explanation }) {
    const words = `${given === undefined ? "Skipped" : `“${given}”`}, expected “${expected || "something else"}”`;
    const button = make("button", { type: "button", class: "btn btn-sm btn-ghost-secondary", dir: "auto", onclick: () => look(task) }, words);
    return make("li", {}, button, explanation ? make("p", { dir: "auto" }, explanation) : null);
  }

  function paint() {
    const { all, rightCount } = verdicts;
    const wrong = all.filter(({ isRight }) => !isRight);
    const head = `${rightCount} of ${all.length} check ${all.length === 1 ? "item" : "items"} right.`;
    element.className = `annotator-feedback label-grid-feedback ${wrong.length ? "is-wrong" : "is-right"}`;
    element.replaceChildren(
      make("div", {}, make("b", {}, head), wrong.length ? make("ul", {}, ...wrong.map(buildWrong)) : null),
      make("button", { type: "button", class: "annotator-icon is-delete", "aria-label": "Close", onclick: close }),
    );
    element.hidden = false;
    clearTimeout(timer);
    if (!wrong.length) timer = setTimeout(close, RIGHT_MS);
  }

  return { paint, destroy: () => clearTimeout(timer) };
}
