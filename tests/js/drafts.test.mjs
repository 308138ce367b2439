// Answers in the making survive, until they are submitted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createKeeper, createMemoryDrafts } from "../../static/js/annotator/drafts.js";
import { createSession } from "../../static/js/annotator/session.js";

function createTimers() {
  const waiting = new Map();
  let last = 0;
  return {
    setTimeout: (run) => (waiting.set((last += 1), run), last),
    clearTimeout: (id) => waiting.delete(id),
    fire: () => [...waiting.values()].forEach((run) => run()),
    get count() {
      return waiting.size;
    },
  };
}

const entry = { from_name: "why", to_name: "item", type: "textarea", value: { text: ["so"] } };

test("a change is kept shortly after, and found by the next visit", async () => {
  const [drafts, timers] = [createMemoryDrafts(), createTimers()];
  const keeper = await createKeeper(drafts, { timers });
  const session = createSession();
  keeper.watch(7, session);
  session.set({ control: "why" }, entry);
  session.set({ control: "why" }, { ...entry, value: { text: ["so it is"] } });
  assert.equal(timers.count, 1);
  timers.fire();

  const next = await createKeeper(drafts, { timers });

  assert.deepEqual(next.find(7)[0].value, { text: ["so it is"] });
});

test("what was submitted is forgotten, also when it was about to be written", async () => {
  const [drafts, timers] = [createMemoryDrafts(), createTimers()];
  const keeper = await createKeeper(drafts, { timers });
  const session = createSession();
  keeper.watch(7, session);
  session.set({ control: "why" }, entry);
  await keeper.drop(7);
  assert.equal(timers.count, 0);

  session.set({ control: "why" }, null);
  timers.fire();
  await keeper.drop(7);

  assert.deepEqual(await drafts.list(), []);
});

test("a page that goes writes at once what waits", async () => {
  const drafts = createMemoryDrafts();
  const keeper = await createKeeper(drafts, { timers: createTimers() });
  const session = createSession();
  keeper.watch(7, session);
  session.set({ control: "why" }, entry);

  await keeper.flush();

  assert.equal((await drafts.list()).length, 1);
});

test("an answer that was taken back is a draft again", async () => {
  const drafts = createMemoryDrafts();
  const keeper = await createKeeper(drafts, { timers: createTimers() });

  await keeper.keep(7, [entry]);

  assert.deepEqual((await createKeeper(drafts)).find(7), [entry]);
});
