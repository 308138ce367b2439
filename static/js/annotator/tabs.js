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

const LEFT_MS = 10_000; // that long after a page of this tab has gone, it may still be on its way out
const PATIENCE_MS = 5_000;
const claims = new Set(); // this tab's own

/**
 * Whether no other tab labels this project; true for good once the lock is ours. A page that was in this very tab a
 * moment ago (a reload) is waited for: its lock goes with it, a little after the new page has begun. `visit` is the
 * tab's own storage.
 */
export function claimTab(name, { visit = globalThis.sessionStorage, now = () => Date.now() } = {}) {
  if (!navigator.locks || claims.has(name)) return Promise.resolve(true);
  const left = `${name}-left`;
  const isReload = now() - Number(visit.getItem(left)) < LEFT_MS;
  const options = isReload ? { signal: AbortSignal.timeout(PATIENCE_MS) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const claim = (lock) => {
      if (lock) {
        claims.add(name);
        addEventListener("pagehide", () => visit.setItem(left, String(now())));
      }
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined; // held until the page goes
    };
    navigator.locks.request(name, options, claim).catch(() => resolve(false));
  });
}
