// What any page does with the outboxes of labelling pages: whose they are, what waits, that it goes out once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createMemoryStorage, makeKey } from "../../static/js/annotator/outbox.js";
import { listOutboxes, noteOutbox } from "../../static/js/annotator/outbox-notes.js";
import { createSender, describeOperations } from "../../static/js/annotator/waiting.js";

function createLocalStorage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

const note = { name: "outbox-7-1", user: 7, api: "/api/", labelKind: "class", title: "Cats", page: "/label" };
const keep = (storage, ...kinds) => Promise.all(kinds.map((kind, task) => storage.append({ key: makeKey(), kind, task })));
const saveAll = async (batch) => batch.map(({ key }) => ({ key, isSaved: true, message: "" }));

test("only one's own outboxes are found, each once", () => {
  const storage = createLocalStorage();
  noteOutbox(storage, note);
  noteOutbox(storage, { ...note, title: "Renamed" });
  noteOutbox(storage, { ...note, name: "outbox-8-1", user: 8 });

  assert.deepEqual(listOutboxes(storage, 7).map(({ title }) => title), ["Renamed"]);
  assert.deepEqual(listOutboxes({ getItem: () => "{broken" }, 7), []);
});

test("operations are counted in words", () => {
  assert.equal(describeOperations([{ kind: "answer" }, { kind: "skip" }, { kind: "comment" }]), "2 answers and 1 comment");
  assert.equal(describeOperations([{ kind: "withdraw" }]), "1 answer");
});

test("what waits is sent once by several pages that share a lock, and said by the one that sent it", async () => {
  const storage = createMemoryStorage();
  await keep(storage, "answer", "answer", "comment");
  const sent = [];
  const told = [];
  let chain = Promise.resolve();
  const shared = {
    isOpen: async () => false, open: async () => storage, lock: (task) => (chain = chain.then(task)), onChange() {}, onSent: (settled) => told.push(settled),
    send: async (batch) => (sent.push(...batch.map(({ key }) => key)), saveAll(batch)),
  }; // prettier-ignore
  const pages = await Promise.all([createSender(note, shared), createSender(note, shared)]);

  await Promise.all(pages.map((page) => page.wake()));

  assert.equal(sent.length, 3);
  assert.equal(new Set(sent).size, 3);
  assert.deepEqual(told.map(({ saved }) => describeOperations(saved)), ["2 answers and 1 comment"]);
  assert.deepEqual(pages.map(({ waiting }) => waiting), [[], []]);
});

test("while the server cannot be reached it is said what waits, and nothing is asked where nothing waits", async () => {
  const storage = createMemoryStorage();
  let asked = 0;
  const lost = async () => { asked += 1; throw Object.assign(new Error("offline"), { reason: "offline" }); }; // prettier-ignore
  const page = await createSender(note, { isOpen: async () => false, open: async () => storage, lock: (task) => task(), send: lost, onChange() {}, onSent: assert.fail });
  await page.wake();
  assert.equal(asked, 0);

  await keep(storage, "answer", "skip");
  await page.wake();
  page.stop();

  assert.equal(describeOperations(page.waiting), "2 answers");
  assert.equal(page.state, "offline");
});

test("where a labelling page is open it is left to it, which hears what the server says", async () => {
  const storage = createMemoryStorage();
  await keep(storage, "answer");
  let isOpen = true;
  const told = [];
  const page = await createSender(note, { isOpen: async () => isOpen, open: async () => storage, lock: (task) => task(), send: saveAll, onChange() {}, onSent: (settled) => told.push(settled) });

  await page.wake();
  assert.deepEqual([page.waiting, await storage.count()], [[], 1]);
  isOpen = false;
  await page.wake();

  assert.equal(await storage.count(), 0);
  assert.equal(told.length, 1);
});
