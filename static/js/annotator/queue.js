// Keeps the next items leased, fetched and decoded ahead of the annotator, and their leases alive.

const AHEAD = 10; // items in hand, the one on screen among them
const REFILL_BELOW = 7;
const EMPTY_RETRY_MS = 15_000;
const FAILED_RETRY_MS = 3_000;
const IDLE_MS = 10 * 60_000; // nobody there: leases are left to others

/**
 * `api` leases, `store` holds, `prepare(task)` fetches and decodes what is to be seen. `onState` hears "ready",
 * "empty", "offline", "signed-out", "no-access" or "idle".
 */
export function createQueue({ api, store, prepare, onState, timers = globalThis, now = () => Date.now() }) {
  let leaseMs = 120_000;
  let filling = false;
  let isStopped = false;
  let isFirst = true;
  let refillTimer = null;
  let heartTimer = null;
  let lastInput = now();
  let state = "loading";

  function setState(next, detail = "") {
    state = next;
    onState(next, detail);
  }

  function later(ms) {
    timers.clearTimeout(refillTimer);
    if (!isStopped) refillTimer = timers.setTimeout(() => fill(), ms);
  }

  async function fill({ resume = false } = {}) {
    if (filling || isStopped || state === "idle" || store.ahead.length >= REFILL_BELOW) return;
    filling = true;
    try {
      const wanted = AHEAD - store.ahead.length;
      const lent = await api.next(wanted, resume);
      leaseMs = lent.leaseMs;
      if (isFirst) beat();
      isFirst = false;
      const fresh = store.add(lent.tasks);
      for (const task of fresh) void prepare(task);
      const isShort = lent.tasks.length < wanted;
      setState(store.ahead.length ? "ready" : "empty");
      if (isShort) later(EMPTY_RETRY_MS);
    } catch (error) {
      setState(error.reason ?? "offline", error.message);
      later(error.retryAfterMs ?? FAILED_RETRY_MS);
    } finally {
      filling = false;
    }
  }

  function beat() {
    timers.clearTimeout(heartTimer);
    if (!isStopped) heartTimer = timers.setTimeout(renew, leaseMs / 3);
  }

  async function renew() {
    if (now() - lastInput > IDLE_MS && state !== "idle") {
      setState("idle");
      return;
    }
    const ids = store.heldIds;
    try {
      if (ids.length) {
        const held = new Set(await api.renew(ids));
        store.drop(ids.filter((id) => !held.has(id)));
      }
    } catch (error) {
      if (error.reason === "signed-out" || error.reason === "no-access") setState(error.reason, error.message);
    }
    beat();
    void fill();
  }

  return {
    get state() {
      return state;
    },
    start: (options) => fill(options),
    fill,
    renew,

    /** Somebody is there: keep leases alive, and take them up again after a pause. */
    touch() {
      lastInput = now();
      if (state !== "idle") return;
      setState(store.ahead.length ? "ready" : "loading");
      void renew();
    },

    stop() {
      isStopped = true;
      timers.clearTimeout(refillTimer);
      timers.clearTimeout(heartTimer);
    },
  };
}
