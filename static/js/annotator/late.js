// Suggestions that come after their item: an ML backend is asked about what it said nothing of when the item was handed
// out. Nothing waits for it, and nothing is said where it has no answer.

const LOOK_MS = [0, 400, 800, 1_500, 3_000]; // between looks at what is there by now; then the last one
const MOST = 200; // in one look
const PATIENCE_MS = 110_000; // with one item; a little more than the backend is given

/** `onOffer()` hears that something came for the item on screen; those that wait have theirs when their turn comes. */
export function createLate({ api, store, onOffer, timers = globalThis, now = () => Date.now() }) {
  const pending = new Map(); // task id -> when it is waited for no more
  let isLooking = false;
  let isStopped = false;

  async function watch() {
    if (isLooking) return;
    isLooking = true;
    try {
      for (let step = 0; pending.size && !isStopped; step += 1) {
        await new Promise((done) => timers.setTimeout(done, LOOK_MS[Math.min(step, LOOK_MS.length - 1)]));
        const held = new Set(store.heldIds);
        const asked = [...pending.keys()].filter((id) => held.has(id) || !pending.delete(id)).slice(0, MOST);
        if (!asked.length) break;
        const { suggestions, isAsked } = await api.lateSuggestions(asked);
        for (const id of asked) {
          const found = suggestions[id];
          if (found?.length && store.suggest(id, found) && store.current?.id === id) onOffer();
          if (found?.length || !isAsked || now() > pending.get(id)) pending.delete(id);
        }
      }
    } catch (error) {
      if (!error.reason) throw error;
      pending.clear(); // offline, or not ours any more: items that come later are asked about again
    } finally {
      isLooking = false;
    }
  }

  return {
    /** Tasks that were just handed out; those that have a suggestion are left alone. */
    follow(tasks) {
      for (const task of tasks) if (!task.suggestions.length) pending.set(task.id, now() + PATIENCE_MS);
      if (pending.size && !isStopped) void watch();
    },
    stop: () => (isStopped = true),
  };
}
