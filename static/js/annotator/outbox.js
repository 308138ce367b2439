// Nothing an annotator did is lost: operations are stored in the browser first, then sent until the server has
// committed each. The key made at answer time makes every repeat harmless.

const BATCH = 20;
const BATCH_BYTES = 4_000_000; // well below the largest body the server reads
const UNREADABLE = new Set([400, 413]); // the whole request was turned away, whatever is in it
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;

export const States = Object.freeze({
  SAVED: "saved",
  SENDING: "sending",
  OFFLINE: "offline", // no answer from the server; tried again by itself
  SIGNED_OUT: "signed-out", // the session ended, or somebody else is logged in
  NO_ACCESS: "no-access", // the project or the right to label in it is gone
});

/** A key nobody else makes; also where crypto.randomUUID is missing because the page came over plain HTTP. */
export function makeKey() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * `storage` keeps operations in order: append, first(n), remove(keys), refuse(operation, message), count,
 * listRefused, clearRefused. `send(operations)` resolves to outcomes [{key, isSaved, message}] or rejects with an
 * error whose `reason` is "signed-out", "no-access" or anything else for "try again"; where its `status` says that
 * the request cannot be read, operations go one by one and the one that fails is refused. `lock(task)` runs one
 * flusher at a time over all tabs. `stamp` is what each operation is kept with from the moment it is made, since the
 * page that sends it may be a later one. `onOutcome(operation, outcome)` hears what the server said of each.
 */
export function createOutbox({ storage, send, stamp = {}, lock = (task) => task(), onChange = () => {}, onOutcome = () => {}, timers = globalThis }) {
  let state = States.SAVED;
  let waiting = 0;
  let refused = [];
  let flushing = null;
  let isAgain = false;
  let delay = FIRST_DELAY_MS;
  let timer = null;
  let detail = "";
  let storing = 0;
  let turn = Promise.resolve();

  /** Storing and counting one after the other, so that `waiting` never tells of what is not kept yet. */
  function inTurn(task) {
    const mine = turn.then(task);
    turn = mine.catch(() => {}); // whoever asked hears of it; the next one has its turn all the same
    return mine;
  }

  function tell(next, message = "") {
    const isSettling = next === States.SENDING || next === States.SAVED;
    state = isSettling ? (waiting || storing ? States.SENDING : States.SAVED) : next;
    detail = message;
    onChange({ state, waiting: state === States.SENDING ? waiting + storing : waiting, refused, detail });
  }

  function publish(next = state, message = "") {
    return inTurn(async () => {
      [waiting, refused] = [await storage.count(), await storage.listRefused()];
      tell(next, message);
    });
  }

  async function sendBatch() {
    const batch = takeFirst(await storage.first(BATCH), BATCH_BYTES);
    if (!batch.length) return false;
    if (batch.length === 1) return settle(batch, await sendAlone(batch[0]));
    let outcomes;
    try {
      outcomes = await send(batch);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return sendOneByOne(batch);
    }
    return settle(batch, outcomes);
  }

  async function sendOneByOne(batch) {
    let isAnySettled = false;
    for (const operation of batch) isAnySettled = (await settle([operation], await sendAlone(operation))) || isAnySettled;
    return isAnySettled;
  }

  /** What became of one operation; one that the server cannot read will not be read the next time either. */
  async function sendAlone(operation) {
    try {
      return await send([operation]);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return [{ key: operation.key, isSaved: false, message: error.message }];
    }
  }

  async function settle(batch, found) {
    const outcomes = new Map(found.map((outcome) => [outcome.key, outcome]));
    const settled = [];
    for (const operation of batch) {
      const outcome = outcomes.get(operation.key);
      if (!outcome) continue;
      if (!outcome.isSaved) await storage.refuse(operation, outcome.message);
      settled.push(operation.key);
      onOutcome(operation, outcome);
    }
    await storage.remove(settled);
    return settled.length > 0;
  }

  async function run() {
    try {
      while (await sendBatch()) await publish(States.SENDING);
      delay = FIRST_DELAY_MS;
      await publish(States.SAVED);
    } catch (error) {
      const known = { "signed-out": States.SIGNED_OUT, "no-access": States.NO_ACCESS }[error.reason];
      await publish(known ?? States.OFFLINE, error.message);
      retryLater(error.retryAfterMs);
    }
  }

  function retryLater(wanted) {
    timers.clearTimeout(timer);
    timer = timers.setTimeout(flush, Math.max(wanted ?? 0, delay));
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  }

  /** Send what waits; one run at a time, and once more when something came in meanwhile. */
  function flush() {
    timers.clearTimeout(timer);
    if (flushing) {
      isAgain = true;
      return flushing;
    }
    flushing = Promise.resolve(lock(run)).finally(() => {
      flushing = null;
      if (isAgain) {
        isAgain = false;
        if (state === States.SAVED || state === States.SENDING) flush();
      }
    });
    return flushing;
  }

  return {
    get state() {
      return state;
    },
    get waiting() {
      return waiting;
    },
    flush,

    /** Store an operation, then send; resolves once it is stored. Operations keep the order of their adding. */
    add(operation) {
      const kept = { key: makeKey(), at: Date.now(), ...stamp, ...operation };
      storing += 1;
      tell(state, detail);
      return inTurn(async () => {
        try {
          await storage.append(kept);
          waiting += 1;
        } finally {
          storing -= 1;
          tell(state, detail);
        }
        if (state === States.SENDING) flush();
        return kept;
      });
    },

    /** Try at once, for instance because the browser says that it is online again. */
    wake() {
      delay = FIRST_DELAY_MS;
      return flush();
    },

    /** What is on its way, in order. */
    listWaiting: () => storage.first(10_000),

    /** Ids of tasks with something on its way: their leases must not be given back. */
    async listTasks() {
      return [...new Set((await storage.first(10_000)).map((operation) => operation.task))];
    },

    async dismissRefused() {
      await storage.clearRefused();
      await publish();
    },

    stop() {
      timers.clearTimeout(timer);
    },
  };
}

const isUnreadable = ({ reason, status }) => reason === "refused" && UNREADABLE.has(status); // never a lost session

/** The first operations that stay below a size together; always one, however large. */
function takeFirst(operations, bytes) {
  const encoder = new TextEncoder();
  let size = 0;
  const end = operations.findIndex((operation, index) => (size += encoder.encode(JSON.stringify(operation)).length) > bytes && index > 0);
  return end < 0 ? operations : operations.slice(0, end);
}

/** Operations in memory: for tests, and for browsers that keep nothing (private windows). */
export function createMemoryStorage() {
  let rows = [];
  let refused = [];
  return {
    isDurable: false,
    append: async (operation) => void rows.push(operation),
    first: async (count) => rows.slice(0, count),
    remove: async (keys) => void (rows = rows.filter((row) => !keys.includes(row.key))),
    refuse: async (operation, message) => void refused.push({ ...operation, message }),
    count: async () => rows.length,
    listRefused: async () => refused,
    clearRefused: async () => void (refused = []),
  };
}
