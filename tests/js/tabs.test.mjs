// A tab that is alone on its project, also right after a reload.

import assert from "node:assert/strict";
import { test } from "node:test";

import { claimTab } from "../../static/js/annotator/tabs.js";

/** Locks as the browser has them: held by another page until `free()`. */
function hold(isHeld) {
  let wake = () => {};
  const freed = isHeld ? new Promise((resolve) => (wake = resolve)) : Promise.resolve();
  const locks = {
    async request(name, { ifAvailable, signal }, work) {
      if (isHeld && ifAvailable) return work(null);
      const given = new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      await Promise.race([freed, given]);
      return work({ name });
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  const leaving = [];
  globalThis.addEventListener = (type, listener) => type === "pagehide" && leaving.push(listener);
  return { free: () => wake(), leave: () => leaving.forEach((listener) => listener()) };
}

function visited(entries = []) {
  const kept = new Map(entries);
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

test("a second tab hears at once that another one labels", async () => {
  hold(true);

  assert.equal(await claimTab("a", { visit: visited() }), false);
});

test("after a reload the page before is waited for", async () => {
  const before = hold(false);
  const visit = visited();
  assert.equal(await claimTab("b", { visit, now: () => 1_000 }), true);
  before.leave();
  const after = hold(true);
  setTimeout(after.free, 30);

  const { claimTab: claimAgain } = await import("../../static/js/annotator/tabs.js?reloaded");

  assert.equal(await claimAgain("b", { visit, now: () => 1_400 }), true);
});

test("a page that left long ago is not waited for", async () => {
  hold(true);
  const visit = visited([["c-left", "1000"]]);

  assert.equal(await claimTab("c", { visit, now: () => 60_000 }), false);
});
