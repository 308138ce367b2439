// Keeps the next items leased, fetched and decoded ahead of the annotator, and their leases alive.

import { countElsewhere, NOBODY } from "./messages.js";

const AHEAD = 10; // items in hand at least, the one on screen among them
const MOST_AHEAD = 120;
const RESERVE_SECONDS = 60; // who is fast holds more: a cut network should stop nobody within a minute
const EMPTY_RETRY_MS = 15_000;
const FAILED_RETRY_MS = 3_000;
const PAUSE_MS = 60_000; // who rests keeps no more than a few items from others
const IDLE_MS = 10 * 60_000; // nobody there: leases are left to others

/**
 * `api` leases, `store` holds, `pace()` is the seconds one label takes (null while unknown), `prepare(task)` fetches and
 * decodes what is to be seen, the next `prepared` items of those in hand. `onState` hears "ready", "empty", "offline",
 * "signed-out", "no-access" or "idle". `settle()` sends what waits before the server is asked about adopted items, and
 * `listSent()` is of which items something waits. `mayResume()` is whether no other page is there that labels too.
 */
export function createQueue({ api, store, prepare, onState, pace = () => null, settle = async () => {}, listSent = async () => [], mayResume = async () => false, prepared = MOST_AHEAD, timers = globalThis, now = () => Date.now() }) {
  let leaseMs = 120_000;
  let elsewhere = NOBODY;
  let filling = false;
  let isStopped = false;
  let isFirst = true;
  let refillTimer = null;
  let heartTimer = null;
  let lastInput = now();
  let hasAdopted = false; // items of an earlier visit, taken up without the server's word
  let state = "loading";

  function setState(next, detail = "") {
    state = next;
    onState(next, detail);
  }

  function later(ms) {
    timers.clearTimeout(refillTimer);
    if (!isStopped) refillTimer = timers.setTimeout(() => fill(), ms);
  }

  /** How many items to hold: a minute's worth at the pace of this visit. */
  function wantedAhead() {
    const seconds = pace();
    return seconds ? Math.min(MOST_AHEAD, Math.max(AHEAD, Math.ceil(RESERVE_SECONDS / seconds))) : AHEAD;
  }

  function prepareNext() {
    for (const task of store.ahead.slice(0, prepared)) void prepare(task);
  }

  async function fill({ resume = false } = {}) {
    prepareNext();
    if (filling || isStopped || state === "idle") return;
    if (!hasAdopted && store.ahead.length >= 0.7 * wantedAhead()) return;
    filling = true;
    try {
      if (hasAdopted) {
        await settle();
        await renewHeld();
        hasAdopted = false;
      }
      const wanted = Math.max(1, wantedAhead() - store.ahead.length);
      let lent = await api.next(wanted, resume, { share: true });
      elsewhere = await countElsewhere(lent, (id) => store.answerOf(id), listSent);
      if (elsewhere.own && !store.ahead.length && (await mayResume())) lent = await api.next(wanted, true, { share: true }); // that page has gone
      leaseMs = lent.leaseMs;
      if (isFirst) beat();
      isFirst = false;
      store.add(lent.tasks);
      prepareNext();
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

  function releaseSurplus() {
    const rest = store.heldIds.slice(AHEAD);
    if (!rest.length) return;
    store.drop(rest);
    void api.release(rest).catch(() => {}); // their leases end by themselves too
  }

  /** Items whose lease ran out, and that others have meanwhile or wait for, are dropped. */
  async function renewHeld() {
    const ids = store.heldIds;
    if (!ids.length) return;
    const held = new Set(await api.renew(ids, { share: true }));
    store.drop(ids.filter((id) => !held.has(id)));
  }

  async function renew() {
    if (now() - lastInput > IDLE_MS && state !== "idle") {
      setState("idle");
      return;
    }
    if (now() - lastInput > PAUSE_MS) releaseSurplus();
    try {
      await renewHeld();
    } catch (error) {
      if (error.reason === "signed-out" || error.reason === "no-access") setState(error.reason, error.message);
    }
    beat();
    if (now() - lastInput <= PAUSE_MS) void fill();
  }

  return {
    get state() {
      return state;
    },
    /** How many items of an empty queue `others`, and other pages of one's `own`, have in hand. */
    get elsewhere() {
      return elsewhere;
    },
    start: (options) => fill(options),

    /** Go on without the server, with items that an earlier visit had in hand; it is asked about them once it answers. */
    adopt(tasks) {
      hasAdopted = true;
      store.add(tasks);
      prepareNext();
    },

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
