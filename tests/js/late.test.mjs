// Suggestions that come after their item: looked for while somebody has it in hand, and never waited for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createLate } from "../../static/js/annotator/late.js";
import { createStore } from "../../static/js/annotator/store.js";

const tick = async (times = 60) => {
  for (let i = 0; i < times; i += 1) await Promise.resolve();
};

/** A page with tasks in hand; `answers` are what each look gives, the last one for good. */
function open(answers, ids = [1, 2]) {
  const store = createStore();
  const state = { looks: [], offers: 0, clock: 0 };
  const api = {
    async lateSuggestions(asked) {
      state.looks.push(asked);
      const answer = answers[Math.min(state.looks.length, answers.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const timers = { setTimeout: (run, ms) => ((state.clock += ms), queueMicrotask(run)) };
  const late = createLate({ api, store, onOffer: () => (state.offers += 1), timers, now: () => state.clock });
  store.subscribe(({ type, tasks }) => type === "added" && late.follow(tasks));
  const add = (more) => store.add(more.map((id) => ({ id, suggestions: [] })));
  add(ids);
  return { store, state, late, add };
}

test("what comes is put to its task, and said where that is on screen", async () => {
  const { store, state } = open([{ suggestions: {}, isAsked: true }, { suggestions: { 1: ["a"], 2: ["b"] }, isAsked: false }]);

  await tick();

  assert.deepEqual(store.ahead.map(({ suggestions }) => suggestions), [["a"], ["b"]]);
  assert.equal(state.offers, 1);
  assert.equal(state.looks.length, 2);
});

test("what is not asked about is not looked for again", async () => {
  const { state } = open([{ suggestions: {}, isAsked: false }]);

  await tick();

  assert.deepEqual(state.looks, [[1, 2]]);
});

test("an item that was answered meanwhile is not asked about, and nobody waits for ever", async () => {
  const { store, state } = open([{ suggestions: {}, isAsked: true }]);

  store.answer({ result: [], value: "" }, 1);
  await tick(1_000);

  assert.ok(state.looks.length > 3 && state.looks.every((ids) => ids.join() === "2"));
  assert.ok(state.clock > 110_000 && state.clock < 120_000);
});

test("without the network it gives up, and items that come later are asked about", async () => {
  const { store, state, add } = open([Object.assign(new Error("offline"), { reason: "offline" }), { suggestions: { 3: ["c"] }, isAsked: false }]);

  await tick();
  add([3]);
  await tick();

  assert.deepEqual(state.looks, [[1, 2], [3]]);
  assert.deepEqual(store.ahead.at(-1).suggestions, ["c"]);
});

test("a suggestion that the item came with stays", () => {
  const { store } = open([{ suggestions: {}, isAsked: false }], []);

  store.add([{ id: 9, suggestions: ["first"] }]);

  assert.equal(store.suggest(9, ["later"]), false);
  assert.deepEqual(store.ahead[0].suggestions, ["first"]);
});
