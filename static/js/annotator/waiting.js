// Sends what waits in an outbox from a page that is not the labelling page, under the same lock.

import { createApi } from "./api.js";
import { createOutbox, States } from "./outbox.js";
import { openStorage } from "./storage.js";
import { createLock } from "./tabs.js";

const MOST = 10_000; // operations looked at

const count = (number, word) => (number ? [`${number} ${word}${number === 1 ? "" : "s"}`] : []);

/** Operations in words: "2 answers and 1 comment". */
export function describeOperations(operations) {
  const comments = operations.filter(({ kind }) => kind === "comment").length;
  return [...count(operations.length - comments, "answer"), ...count(comments, "comment")].join(" and ");
}

/**
 * Sends what waits in the outbox of `note`. `onChange()` is told when `waiting` (operations), or `state` may have
 * changed, `onSent({saved, refused})` once all that waited was settled: lists of operations, those refused with the `message`.
 */
export async function createSender(note, { onChange, onSent, open = openStorage, lock = createLock(note.name), send = createApi({ base: note.api, user: note.user, labelKind: note.labelKind }).send }) {
  const storage = await open(note.name);
  let waiting = [];
  let [saved, refused] = [[], []];

  const outbox = createOutbox({
    storage, send, lock,
    onChange(change) {
      if (!change.waiting) waiting = []; // another page may have sent them
      onChange();
      if (change.state === States.SAVED) tellSettled();
    },
    onOutcome(operation, { isSaved, message }) {
      waiting = waiting.filter(({ key }) => key !== operation.key);
      if (isSaved) saved.push(operation);
      else refused.push({ ...operation, message });
    },
  }); // prettier-ignore

  function tellSettled() {
    if (saved.length || refused.length) onSent({ saved, refused });
    [saved, refused] = [[], []];
  }

  return {
    note,
    get waiting() {
      return waiting;
    },
    get state() {
      return outbox.state;
    },
    /** Look what waits, and try to send it. */
    async wake() {
      waiting = await storage.first(MOST);
      onChange();
      if (waiting.length) await outbox.wake();
    },
    stop: outbox.stop,
  };
}
