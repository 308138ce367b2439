// Answers in the making, kept in this browser until they are submitted: a reload or a crash loses nothing. They live
// in a database of their own, so that the outbox's never needs to change its version.

const STORE = "drafts";
const OLDEST_MS = 30 * 24 * 3_600_000;

/** Drafts by task id: get, put, remove, list. In memory where the browser keeps nothing. */
export async function openDrafts(name, { now = () => Date.now() } = {}) {
  try {
    const database = await openDatabase(name);
    const drafts = createIndexedDrafts(database);
    await drafts.prune(now() - OLDEST_MS);
    return drafts;
  } catch (error) {
    console.warn("This browser keeps no drafts for this page:", error);
    return createMemoryDrafts();
  }
}

function openDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "task" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function createIndexedDrafts(database) {
  function within(mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }
  return {
    list: () => within("readonly", (store) => store.getAll()),
    put: (task, draft) => within("readwrite", (store) => store.put({ ...draft, task })),
    remove: (task) => within("readwrite", (store) => store.delete(task)),
    prune: (before) =>
      within("readwrite", (store) => {
        const all = store.openCursor();
        all.onsuccess = () => {
          const cursor = all.result;
          if (!cursor) return;
          if (cursor.value.at < before) cursor.delete();
          cursor.continue();
        };
      }),
  };
}

export function createMemoryDrafts() {
  const rows = new Map();
  return {
    list: async () => [...rows.values()],
    put: async (task, draft) => void rows.set(task, { ...draft, task }),
    remove: async (task) => void rows.delete(task),
    prune: async () => {},
  };
}

/**
 * Keeps the drafts of sessions: `watch(taskId, session)` writes shortly after each change, `drop(taskId)` forgets.
 * Reads everything once at the start, since an item must be shown without waiting.
 */
export async function createKeeper(drafts, { timers = globalThis, now = () => Date.now(), delayMs = 120 } = {}) {
  const known = new Map((await drafts.list()).map((draft) => [draft.task, draft.result]));
  const waiting = new Map(); // task id -> {timer, session}

  function write(task) {
    const { timer, session } = waiting.get(task);
    timers.clearTimeout(timer);
    waiting.delete(task);
    const { result } = session;
    known.set(task, result);
    return drafts.put(task, { result, at: now() });
  }

  return {
    find: (task) => known.get(task) ?? null,
    watch(task, session) {
      return session.subscribe(({ type }) => {
        if (type !== "changed") return;
        timers.clearTimeout(waiting.get(task)?.timer);
        waiting.set(task, { session, timer: timers.setTimeout(() => void write(task), delayMs) });
      });
    },
    /** An answer that was taken back is a draft again. */
    keep(task, result) {
      known.set(task, result);
      return drafts.put(task, { result, at: now() });
    },
    drop(task) {
      timers.clearTimeout(waiting.get(task)?.timer);
      waiting.delete(task);
      if (!known.delete(task)) return Promise.resolve();
      return drafts.remove(task);
    },
    /** Write at once what waits: the page is going. */
    flush: () => Promise.all([...waiting.keys()].map(write)),
  };
}
