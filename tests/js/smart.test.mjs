// Smart tools: the newest question is answered, what comes late is dropped, a failing model is told of once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createSmart } from "../../static/js/annotator/smart.js";

const at = (x) => ({ type: "keypointlabels", value: { x } });

/** A model that answers question by question as `answer(job)` says; `asked` is what it was sent. */
function open({ answer }) {
  const state = { task: { id: 7 }, asked: [], offered: [], said: [] };
  const api = {
    askSmart: async (task, drawn) => state.asked.push({ task, drawn: drawn.map(({ value }) => value.x) }),
    readSmart: async (task, job) => answer(job, state),
  };
  const timers = { setTimeout: (run) => queueMicrotask(run) };
  const smart = createSmart({ api, title: "Finder", current: () => state.task, offer: (id, { result }) => state.offered.push([id, result]), say: (words) => state.said.push(words), timers });
  return { smart, state };
}

const found = (job) => ({ state: "answered", result: [job], score: null, model: "" });

test("regions join one question until it is settled", async () => {
  const { smart, state } = open({ answer: found });

  await smart.ask(at(1));
  await smart.ask(at(2));
  smart.settle(7);
  await smart.ask(at(3));

  assert.deepEqual(state.asked.map(({ drawn }) => drawn), [[1], [1, 2], [3]]);
  assert.deepEqual(state.offered, [[7, [1]], [7, [2]], [7, [3]]]);
});

test("an answer is dropped when the item is gone, or something newer was asked", async () => {
  const { smart, state } = open({
    answer(job) {
      if (job === 3) state.task = { id: 8 };
      return found(job);
    },
  });

  await Promise.all([smart.ask(at(1)), smart.ask(at(2))]);
  await smart.ask(at(3));

  assert.deepEqual(state.offered.map(([, [job]]) => job), [2]);
});

test("a model that fails is told of once, and again after it answered", async () => {
  const { smart, state } = open({ answer: (job) => (job === 3 ? found(job) : { state: "failed", error: "503." }) });

  for (const x of [1, 2, 3, 4]) await smart.ask(at(x));

  assert.deepEqual(state.said.filter((words) => words.includes("did not answer")).length, 2);
});

test("a region that led to nothing is not asked about again", async () => {
  const { smart, state } = open({
    answer: (job) => (job === 2 ? { state: "failed", error: "503." } : job === 3 ? { ...found(job), result: [] } : found(job)),
  });

  for (const x of [1, 2, 3, 4]) await smart.ask(at(x));

  assert.deepEqual(state.asked.map(({ drawn }) => drawn), [[1], [1, 2], [1, 3], [1, 4]]);
});

test("no line says that a model is asked which failed again", async () => {
  const { smart, state } = open({ answer: () => ({ state: "failed", error: "503." }) });

  for (const x of [1, 2]) await smart.ask(at(x));

  assert.match(state.said.at(-1), /still gives no answer/);
});
