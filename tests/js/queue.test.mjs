// The queue: keeps items ahead, drops what was lost, rests when nobody is there.

import assert from "node:assert/strict";
import { test } from "node:test";

import { explainState } from "../../static/js/annotator/messages.js";
import { createQueue } from "../../static/js/annotator/queue.js";
import { createStore } from "../../static/js/annotator/store.js";

function createSetup({ total = 30, held, pace, settle, mayResume, listSent } = {}) {
  let given = 0;
  let clock = 0;
  const prepared = [];
  const states = [];
  const timers = { setTimeout: (run, ms) => ({ run, ms }), clearTimeout: () => {} };
  const released = [];
  const api = {
    release: async (ids) => void released.push(...ids),
    next: async (count) => {
      const tasks = Array.from({ length: Math.min(count, total - given) }, () => ({ id: (given += 1) }));
      return { leaseMs: 60_000, tasks };
    },
    renew: async (ids) => (held ? held(ids) : ids),
  };
  const store = createStore();
  const queue = createQueue({
    api, store, timers, pace, settle, mayResume, listSent, now: () => clock,
    prepare: async (task) => void prepared.push(task.id), onState: (state) => states.push(state),
  }); // prettier-ignore
  return { queue, store, prepared, states, api, released, tick: (ms) => (clock += ms) };
}

test("ten items are taken and prepared at once, more when fewer than seven are left", async () => {
  const { queue, store, prepared } = createSetup();
  await queue.start();
  assert.equal(store.ahead.length, 10);
  assert.equal(prepared.length, 10);

  for (let i = 0; i < 3; i += 1) store.answer({ value: "cat", result: [] }, 1);
  await queue.fill();
  assert.equal(store.ahead.length, 7);
  store.answer({ value: "cat", result: [] }, 1);
  await queue.fill();

  assert.equal(store.ahead.length, 10);
});

test("an empty queue is said only when nothing is left in hand", async () => {
  const { queue, store, states } = createSetup({ total: 2 });
  await queue.start();
  assert.equal(states.at(-1), "ready");
  store.answer({ value: "cat", result: [] }, 1);
  store.answer({ value: "cat", result: [] }, 1);
  await queue.fill();
  assert.equal(states.at(-1), "empty");
});

test("what another page of one's own has in hand is said, and comes here once that page is closed", async () => {
  let isOpen = true;
  const { queue, store, api } = createSetup({ total: 0, mayResume: async () => !isOpen, listSent: async () => [9] });
  const asked = [];
  api.next = async (count, resume) => {
    asked.push(resume);
    return { leaseMs: 60_000, tasks: resume ? [{ id: 7 }] : [], elsewhere: 2, held: resume ? [] : [7, 9] };
  };
  await queue.start();
  assert.deepEqual([queue.state, queue.elsewhere], ["empty", { others: 2, own: 1 }]);
  assert.match(explainState("empty", queue.elsewhere)[1], /1 item that is left for you is on another page/);

  isOpen = false;
  await queue.fill();
  assert.deepEqual([queue.state, store.heldIds, asked], ["ready", [7], [false, false, true]]);
});

test("what was just answered is not on another page", async () => {
  const { queue, store, api } = createSetup({ total: 1, mayResume: async () => assert.fail("asked") });
  await queue.start();
  store.answer({ value: "cat", result: [] }, 1);
  api.next = async () => ({ leaseMs: 60_000, tasks: [], elsewhere: 0, held: [1] });
  await queue.fill();

  assert.deepEqual([queue.state, queue.elsewhere], ["empty", { others: 0, own: 0 }]);
});

test("a lost lease takes the item out of those to come", async () => {
  const { queue, store } = createSetup({ held: (ids) => ids.filter((id) => id !== 5) });
  await queue.start();

  await queue.renew();

  assert.equal(store.heldIds.includes(5), false);
});

test("a failure is said by its reason", async () => {
  const { queue, states, api } = createSetup();
  api.next = async () => { throw Object.assign(new Error("x"), { reason: "signed-out" }); }; // prettier-ignore
  await queue.start();
  assert.equal(states.at(-1), "signed-out");
});

test("after ten minutes without input leases are left to others, and taken up again by a touch", async () => {
  const { queue, states, tick } = createSetup();
  await queue.start();
  tick(11 * 60_000);
  await queue.renew();
  assert.equal(states.at(-1), "idle");

  queue.touch();

  assert.equal(queue.state, "ready");
});

test("who is fast holds a minute's worth, up to a hundred and twenty", async () => {
  const { queue, store } = createSetup({ total: 100, pace: () => 2 });
  await queue.start();
  assert.equal(store.ahead.length, 30);

  const fast = createSetup({ total: 200, pace: () => 0.3 });
  await fast.queue.start();
  assert.equal(fast.store.ahead.length, 120);
});

test("who rests keeps no more than a few items from others", async () => {
  const { queue, store, released, tick } = createSetup({ total: 200, pace: () => 0.3 });
  await queue.start();
  tick(61_000);

  await queue.renew();

  assert.equal(store.ahead.length, 10);
  assert.equal(released.length, 110);
});

test("items of a visit before are in hand without the server, and asked for again once it answers, after what waits was sent", async () => {
  const asked = [];
  const { queue, store, api, states } = createSetup({ held: (ids) => (asked.push("renew"), ids.filter((id) => id !== 102)), settle: async () => void asked.push("send") });
  const { next, renew } = api;
  const fail = async () => { throw Object.assign(new Error("x"), { reason: "offline" }); }; // prettier-ignore
  Object.assign(api, { next: fail, renew: fail });
  await queue.start();

  queue.adopt([{ id: 101 }, { id: 102 }, { id: 103 }]);
  await queue.fill();
  assert.deepEqual([store.heldIds, states.at(-1)], [[101, 102, 103], "offline"]);
  asked.length = 0;
  Object.assign(api, { next, renew });
  store.answer({ value: "cat", result: [] }, 1);
  await queue.fill();

  assert.deepEqual(asked, ["send", "renew"]);
  assert.deepEqual([store.heldIds.slice(0, 2), store.heldIds.includes(1), states.at(-1)], [[102, 103], true, "ready"]); // what is on screen stays
});
