// The outbox's rows in IndexedDB, one database per user and project, so that nobody sends another's work.

import { createMemoryStorage } from "./outbox.js";

const WAITING = "waiting";
const REFUSED = "refused";

/** Durable storage where the browser offers it, memory where it does not; look at `isDurable`. */
export async function openStorage(name) {
  try {
    return createIndexedStorage(await openDatabase(name));
  } catch (error) {
    console.warn("This browser keeps nothing for this page:", error);
    return createMemoryStorage();
  }
}

function openDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const store of [WAITING, REFUSED]) {
        request.result.createObjectStore(store, { autoIncrement: true }).createIndex("key", "key", { unique: true });
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds an older version open"));
  });
}

function createIndexedStorage(database) {
  function within(stores, mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(stores, mode);
      const request = work(transaction);
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  const read = (store, work) => within(store, "readonly", (transaction) => work(transaction.objectStore(store)));

  return {
    isDurable: true,
    append: (operation) => within(WAITING, "readwrite", (t) => t.objectStore(WAITING).add(operation)),
    first: (count) => read(WAITING, (store) => store.getAll(null, count)),
    count: () => read(WAITING, (store) => store.count()),
    listRefused: () => read(REFUSED, (store) => store.getAll()),
    clearRefused: () => within(REFUSED, "readwrite", (t) => t.objectStore(REFUSED).clear()),

    remove(keys) {
      return within(WAITING, "readwrite", (transaction) => {
        const store = transaction.objectStore(WAITING);
        for (const key of keys) {
          store.index("key").getKey(key).onsuccess = (event) => {
            if (event.target.result !== undefined) store.delete(event.target.result);
          };
        }
      });
    },

    refuse(operation, message) {
      return within(REFUSED, "readwrite", (transaction) => {
        const store = transaction.objectStore(REFUSED);
        store.index("key").getKey(operation.key).onsuccess = (event) => {
          if (event.target.result === undefined) store.add({ ...operation, message });
        };
      });
    },
  };
}
