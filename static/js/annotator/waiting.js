// Sends what waits in an outbox from a page that is not the labelling page, under the same lock.

import { createApi } from "./api.js";
import { createOutbox, States } from "./outbox.js";
import { openStorage } from "./storage.js";
import { createLock, isTabOpen } from "./tabs.js";

const MOST = 10_000; // operations looked at

const count = (number, word) => (number ? [`${number} ${word}${number === 1 ? "" : "s"}`] : []);

/** Operations in words: "2 answers and 1 comment". */
export function describeOperations(operations) {
  const comments = operations.filter(({ kind }) => kind === "comment").length;
  return [...count(operations.length - comments, "answer"), ...count(comments, "comment")].join(" and ");
}

/** How a sender reaches the world: `isOpen` says whether a labelling page is there, which sends by itself. */
const reach = ({ name, user, api, labelKind }) => ({
  open: openStorage,
  lock: createLock(name),
  isOpen: () => isTabOpen(`${name}-tab`),
  send: createApi({ base: api, user, labelKind }).send,
});

/**
 * Sends what waits in the outbox of `note`. `onChange()` is told when `waiting` (operations), or `state` may have
 * changed, `onSent({saved, refused})` once all that waited was settled: lists of operations, those refused with the `message`.
 */
export async function createSender(note, { onChange, onSent, ...given }) {
  const { open, lock, send, isOpen } = { ...reach(note), ...given };
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
      waiting = (await isOpen()) ? [] : await storage.first(MOST); // what an open page waits for is told there
      onChange();
      if (waiting.length) await outbox.wake();
    },
    stop: outbox.stop,
  };
}
