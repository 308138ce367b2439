// The outbox: stored first, sent in order, nothing twice, nothing lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { writeOperation } from "../../static/js/annotator/codec.js";
import { createMemoryStorage, createOutbox, makeKey, States } from "../../static/js/annotator/outbox.js";

function createTimers() {
  const timers = { waiting: [], setTimeout: (run, ms) => timers.waiting.push({ run, ms }), clearTimeout: () => {} };
  return timers;
}

function createFailure(reason) {
  return Object.assign(new Error(reason), { reason });
}

const savedAll = async (operations) => operations.map(({ key }) => ({ key, isSaved: true, message: "" }));
const operation = (task) => ({ kind: "answer", task, value: "cat" });

test("operations are sent in order and forgotten once they are saved", async () => {
  const sent = [];
  const storage = createMemoryStorage();
  const send = async (batch) => (sent.push(...batch.map(({ task }) => task)), savedAll(batch));
  const outbox = createOutbox({ storage, send });

  await Promise.all([outbox.add(operation(1)), outbox.add(operation(2)), outbox.add(operation(3))]);
  await outbox.flush();

  assert.deepEqual(sent, [1, 2, 3]);
  assert.equal(await storage.count(), 0);
  assert.equal(outbox.state, States.SAVED);
});

test("a cut network keeps everything, and the same keys are sent again", async () => {
  let isOnline = false;
  const keys = [];
  const send = async (batch) => {
    keys.push(batch.map(({ key }) => key));
    if (!isOnline) throw createFailure("offline");
    return savedAll(batch);
  };
  const timers = createTimers();
  const storage = createMemoryStorage();
  const outbox = createOutbox({ storage, send, timers });
  await outbox.add(operation(1));
  await outbox.flush();
  assert.equal(outbox.state, States.OFFLINE);
  assert.equal(await storage.count(), 1);

  isOnline = true;
  await outbox.wake();

  assert.equal(await storage.count(), 0);
  assert.equal(new Set(keys.flat()).size, 1);
});

test("an operation keeps the guide's version it was made under, over a reload of the page", async () => {
  const storage = createMemoryStorage();
  const sent = [];
  const lost = async () => { throw createFailure("offline"); }; // prettier-ignore
  const received = async (batch) => (sent.push(...batch.map((one) => writeOperation(one, "class"))), savedAll(batch));
  const before = createOutbox({ storage, send: lost, stamp: { guideVersion: 1 }, timers: createTimers() });
  await before.add(operation(1));
  await before.flush();
  before.stop();

  const reloaded = createOutbox({ storage, send: received, stamp: { guideVersion: 2 } });
  await reloaded.add(operation(2));
  await reloaded.flush();

  assert.deepEqual(sent.map(({ task, guide_version: version }) => [task, version]), [[1, 1], [2, 2]]);
  assert.ok(!("guide_version" in writeOperation({ ...operation(3), guideVersion: null }, "class")));
});

test("what is said to be kept is kept", async () => {
  const said = [];
  const storage = createMemoryStorage();
  const finish = [];
  const slow = { ...storage, append: (row) => new Promise((resolve) => finish.push(() => resolve(storage.append(row)))) };
  const send = async () => { throw createFailure("offline"); }; // prettier-ignore
  const outbox = createOutbox({ storage: slow, send, timers: createTimers(), onChange: (change) => said.push(change) });
  const first = outbox.add(operation(1));
  assert.equal(said.at(-1).state, States.SENDING);
  await Promise.resolve();
  finish.shift()();
  await first;
  await outbox.flush();
  assert.deepEqual([said.at(-1).state, said.at(-1).waiting], [States.OFFLINE, 1]);

  const second = outbox.add(operation(2));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(said.at(-1).waiting, 1);
  finish.shift()();
  await second;

  assert.equal(said.at(-1).waiting, 2);
  assert.equal(await storage.count(), 2);
});

test("one that could not be stored does not hold up those after it", async () => {
  const storage = createMemoryStorage();
  const sent = [];
  let isFull = true;
  const full = { ...storage, append: async (row) => { if (isFull) throw new Error("quota"); await storage.append(row); } }; // prettier-ignore
  const send = async (batch) => (sent.push(...batch.map(({ task }) => task)), savedAll(batch));
  const outbox = createOutbox({ storage: full, send });

  await assert.rejects(outbox.add(operation(1)), /quota/);
  isFull = false;
  await outbox.add(operation(2));
  await outbox.flush();

  assert.deepEqual(sent, [2]);
  assert.equal(outbox.state, States.SAVED);
});

test("waiting grows from one try to the next, up to half a minute", async () => {
  const timers = createTimers();
  const outbox = createOutbox({
    storage: createMemoryStorage(), timers, send: async () => { throw createFailure("offline"); },
  }); // prettier-ignore
  await outbox.add(operation(1));
  for (let round = 0; round < 8; round += 1) await outbox.flush();

  const delays = timers.waiting.map(({ ms }) => ms);
  assert.deepEqual(delays.slice(0, 3), [1_000, 2_000, 4_000]);
  assert.equal(Math.max(...delays), 30_000);
});

test("what the server refuses is kept aside with the reason, and the rest goes on", async () => {
  const storage = createMemoryStorage();
  const send = async (batch) =>
    batch.map(({ key, task }) => ({ key, isSaved: task !== 2, message: task === 2 ? "too late" : "" }));
  let last = null;
  const outbox = createOutbox({ storage, send, onChange: (change) => (last = change) });

  await Promise.all([1, 2, 3].map((task) => outbox.add(operation(task))));
  await outbox.flush();
  await outbox.flush();

  assert.equal(await storage.count(), 0);
  assert.deepEqual(last.refused.map(({ task, message }) => [task, message]), [[2, "too late"]]);
});

test("large answers go in several requests, each below the largest that the server reads", async () => {
  const storage = createMemoryStorage();
  const sizes = [];
  const send = async (batch) => (sizes.push(JSON.stringify(batch).length), savedAll(batch));
  for (const task of [1, 2, 3]) await storage.append({ ...operation(task), key: makeKey(), value: "x".repeat(3_000_000) });

  await createOutbox({ storage, send }).flush();

  assert.equal(await storage.count(), 0);
  assert.equal(sizes.length, 3);
});

for (const status of [400, 413]) {
  test(`one that makes the server answer ${status} is put aside with the reason, and the rest goes on`, async () => {
    const storage = createMemoryStorage();
    const saved = [];
    const send = async (batch) => {
      if (batch.some(({ task }) => task === 2)) throw Object.assign(createFailure("refused"), { status });
      saved.push(...batch.map(({ task }) => task));
      return savedAll(batch);
    };
    let last = null;
    for (const task of [1, 2, 3]) await storage.append({ ...operation(task), key: makeKey() });
    const outbox = createOutbox({ storage, send, timers: createTimers(), onChange: (change) => (last = change) });

    await outbox.flush();

    assert.deepEqual(saved, [1, 3]);
    assert.equal(await storage.count(), 0);
    assert.equal(outbox.state, States.SAVED);
    assert.deepEqual(last.refused.map(({ task, message }) => [task, message]), [[2, "refused"]]);
  });
}

for (const reason of ["signed-out", "no-access"]) {
  test(`${reason} is said, and nothing is dropped`, async () => {
    const storage = createMemoryStorage();
    const send = async () => { throw createFailure(reason); }; // prettier-ignore
    const outbox = createOutbox({ storage, send, timers: createTimers() });

    await outbox.add(operation(1));
    await outbox.flush();

    assert.equal(outbox.state, reason);
    assert.equal(await storage.count(), 1);
  });
}

test("an operation added while a batch is on its way is sent too", async () => {
  const storage = createMemoryStorage();
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const send = async (batch) => (await gate, savedAll(batch));
  const outbox = createOutbox({ storage, send });
  await outbox.add(operation(1));
  await outbox.add(operation(2));

  release();
  for (let turn = 0; turn < 20 && outbox.waiting; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));

  assert.equal(await storage.count(), 0);
});

test("two tabs over one storage send nothing twice", async () => {
  const storage = createMemoryStorage();
  const sent = [];
  const send = async (batch) => {
    sent.push(...batch.map(({ key }) => key));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return savedAll(batch);
  };
  let chain = Promise.resolve();
  const lock = (task) => (chain = chain.then(task));
  const tabs = [createOutbox({ storage, send, lock }), createOutbox({ storage, send, lock })];

  await Promise.all(tabs.flatMap((tab) => [1, 2, 3].map((task) => tab.add(operation(task)))));
  await Promise.all(tabs.map((tab) => tab.flush()));
  await chain;

  assert.equal(sent.length, 6);
  assert.equal(new Set(sent).size, 6);
});

test("keys differ", () => {
  assert.equal(new Set(Array.from({ length: 1000 }, makeKey)).size, 1000);
});
