// Where the pages of a grid come from: leased ahead, put in order, held while somebody is there, given back.

import { readCookie } from "./api.js";
import { orderByGuess, orderByIds } from "./grid-store.js";
import { countElsewhere, NOBODY } from "./messages.js";

const RETRY_MS = 3_000;
const LOOK_AGAIN_MS = 15_000;

/**
 * `wanted()` is {count, order} as the page asks for it; `onPage` hears that the queue has answered, with items or not,
 * and `onLost` that some of the page went to others.
 */
export function createSupply({ api, store, outbox, shell, orderAddress, wanted, isOnlyTab, isPaused, isSomebodyThere, prepare, onOnline, say, onPage, onLost }) {
  let coming = null; // the promise of the next page
  let isFirst = true;
  let leaseMs = 120_000;
  let retryTimer = null;
  let heartTimer = null;
  let said = "";
  let elsewhere = NOBODY; // items of an empty queue that others, and other pages of one's own, have in hand
  let leaving = []; // tasks with operations not sent yet: kept at hand, since nothing can be awaited when the page goes
  const rememberTimer = setInterval(async () => void (leaving = await outbox.listTasks()), 1_000);

  /** A page from the queue, in the order that is asked for, its pictures decoded. */
  async function fetchPage() {
    if (shell.isStanding && isFirst) await outbox.wake(); // else what was answered offline would be handed out again
    const { count, order } = wanted();
    const lent = await api.next(count, isFirst && isOnlyTab(), { order: order === "queue" ? "" : order }); // what another tab has on screen stays there
    ({ leaseMs } = lent);
    if (shell.isStanding) onOnline();
    if (isFirst) beat();
    isFirst = false;
    const held = new Set(store.heldIds);
    elsewhere = await countElsewhere(lent, (id) => held.has(id), outbox.listTasks);
    const tasks = (await arrange(lent.tasks, order)).filter((task) => !held.has(task.id));
    await Promise.race([prepare(tasks), new Promise((done) => setTimeout(done, RETRY_MS))]);
    return tasks;
  }

  async function arrange(tasks, order) {
    if (order === "guess") return orderByGuess(tasks);
    if (order !== "alike" || tasks.length < 3) return tasks;
    const response = await fetch(orderAddress, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": readCookie("csrftoken") },
      body: JSON.stringify({ tasks: tasks.map((task) => task.id) }),
    }).catch(() => null);
    if (response?.ok) return orderByIds(tasks, (await response.json()).order);
    say("The items could not be put in order; they come as the queue has them.");
    return tasks;
  }

  function fill() {
    if (coming || store.ahead?.length || isPaused()) return coming;
    clearTimeout(retryTimer);
    coming = fetchPage()
      .then(
        (tasks) => {
          store.setAhead(tasks);
          said = "empty";
          if (!tasks.length) retryTimer = setTimeout(fill, LOOK_AGAIN_MS);
        },
        (error) => {
          said = error.reason ?? "offline";
          retryTimer = setTimeout(fill, error.retryAfterMs ?? RETRY_MS);
        },
      )
      .finally(() => {
        coming = null;
        onPage();
      });
    return coming;
  }

  function beat() {
    clearTimeout(heartTimer);
    heartTimer = setTimeout(renew, leaseMs / 3);
  }

  async function renew() {
    const ids = store.heldIds;
    if (ids.length && isSomebodyThere()) {
      const held = await api.renew(ids).then((found) => new Set(found), () => null); // tried again at the next beat
      const before = store.tasks.length;
      if (held) store.drop(ids.filter((id) => !held.has(id)));
      if (store.tasks.length < before) onLost();
    }
    beat();
    void fill();
  }

  return {
    get coming() {
      return coming;
    },
    /** Why there is nothing on screen: a state of the queue, "" while nothing is known. */
    get said() {
      return said;
    },
    get elsewhere() {
      return elsewhere;
    },
    fill,

    /** Another order is of the whole queue: what is not decided goes back, and the page comes anew. */
    async renewOrder() {
      await coming;
      if (!store.isNewest) return false; // pages to come have the new order
      const rest = [...store.giveBack(), ...(store.ahead ?? []).map(({ id }) => id)];
      store.setAhead(null);
      await api.release(rest).catch(() => {}); // they end by themselves too
      await fill();
      return Boolean(store.ahead?.length);
    },

    /** The page is going: what nobody began goes back to the queue. */
    async release() {
      if (isPaused()) return; // what is held stays with the page that takes this one's place
      const rest = store.idleIds.filter((id) => !leaving.includes(id));
      if (rest.length) await api.release(rest).catch(() => {}); // leases end by themselves too
    },

    stop() {
      clearTimeout(retryTimer);
      clearTimeout(heartTimer);
      clearInterval(rememberTimer);
    },
  };
}
