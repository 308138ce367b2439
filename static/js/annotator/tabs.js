// Several tabs of one browser: who sends, and whether another one labels the same project.

/** Runs `task` alone over all tabs of this browser, where the browser can tell. */
export function createLock(name) {
  if (!navigator.locks) return (task) => task();
  return (task) => navigator.locks.request(name, task);
}

/** Whether some tab labels this project now; false where the browser cannot tell. */
export async function isTabOpen(name) {
  if (!navigator.locks?.query) return false;
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name === name);
}

const claims = new Set(); // this tab's own

/** Whether no other tab labels this project; true for good once the lock is ours. */
export function claimTab(name) {
  if (!navigator.locks || claims.has(name)) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock) claims.add(name);
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined; // held until the page goes
    });
  });
}
