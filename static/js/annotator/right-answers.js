// The right answers of check items that have regions: drawn beside one's own when one looks back at them.

import { isDrawing } from "./interface.js";
import { listFeedbackVerbs } from "./verbs.js";

/** `open(task id)` brings an item that was done to the screen; `isKnown(task id)` says whether it can. */
export function createRightAnswers({ open, isKnown }) {
  const results = new Map(); // task id -> the regions of its right answer
  let newest = null;

  const look = () => newest !== null && isKnown(newest) && open(newest);

  return {
    look,
    /** Whether there is something to draw of this feedback; it is kept. */
    keep(task, { result }) {
      const drawn = result.filter((entry) => entry.id !== undefined && isDrawing(entry));
      if (!drawn.length) return false;
      results.set(task, drawn);
      newest = task;
      return true;
    },
    find: (task) => results.get(task) ?? null,
    verbs: () => (newest === null ? [] : listFeedbackVerbs(look)),
  };
}
