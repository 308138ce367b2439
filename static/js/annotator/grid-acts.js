// What a person decides about the items of a grid: label, skip, accept, save, undo, redo. Hands operations to the outbox.

import { createSkipDialog } from "./dialogs.js";

const count = (number) => `${number} ${number === 1 ? "item" : "items"}`;

/**
 * `chosen()` are the tasks that a key is about. With `sets` an item has several classes: they are drafts, kept by
 * `keeper`, until they are saved. `onPage` hears that another page came on screen.
 */
export function createActs({ store, selection, outbox, sets, keeper, watch, chosen, paint, announce, skip: policy, dialog, onPage, onAsked }) {
  const { reasons, needs_reason: needsReason } = policy ?? {};
  const skipDialog = createSkipDialog({ dialog, reasons, needsReason, skip: skipAsked });
  let asked = []; // the tasks that the dialog asks a reason for: the selection may be gone by the time it is given

  /** What counts goes to the server, sets in the making to this browser's drafts. */
  function send(operations) {
    for (const operation of operations) void outbox.add(operation);
    if (sets) keepSets();
  }

  function keepSets() {
    for (const { id } of store.tasks) {
      const said = store.answer(id);
      if (said?.kind !== "draft") void keeper.drop(id);
      else if (keeper.find(id) !== said.result) void keeper.keep(id, said.result);
    }
  }

  function commit(operations, words) {
    if (!operations.length) return;
    send(operations);
    watch.restart();
    const wasOne = selection.size === 0;
    selection.none();
    if (wasOne && operations.length === 1) selection.move(1, 0);
    announce(words);
    paint();
  }

  /** Sets in the making: what is selected stays so for the next class. */
  function mark(operations, words) {
    send(operations);
    announce(words);
    paint();
  }

  function markClass(tasks, name) {
    const operations = store.toggleClass(tasks, name);
    mark(operations, store.summarize(tasks)[name] === "true" ? `${name} on ${count(tasks.length)}.` : `${name} taken off ${count(tasks.length)}.`);
  }

  function skip(tasks, reason = "") {
    commit(store.skip(tasks, reason, watch.elapsedMs), "Skipped.");
  }

  function askWhy() {
    asked = chosen();
    if (asked.length) skipDialog.open();
  }

  function skipAsked(reason) {
    const { tasks } = store; // some may have gone to others meanwhile
    skip(asked.filter((task) => tasks.includes(task)), reason);
    onAsked();
  }

  /** One step back or forth, wherever it was; what it was about comes on screen. */
  function step(take, word) {
    const before = store.tasks;
    const operations = take();
    send(operations);
    if (store.tasks !== before) onPage();
    if (operations.length) announce(`${word}: ${operations.length}.`);
    else if (sets) announce(`${word}.`);
    paint();
  }

  return {
    /** With several classes per item the class goes on the tile, or off it where all have it; else it is the answer. */
    label(value) {
      const tasks = chosen();
      if (!tasks.length) return;
      if (sets) markClass(tasks, value);
      else commit(store.label(tasks, value, watch.elapsedMs), `${tasks.length} labeled ${value}.`);
    },
    accept() {
      const words = "Labeled as the model guesses.";
      if (sets) mark(store.accept(chosen(), null), words);
      else commit(store.accept(chosen(), watch.elapsedMs), words);
    },
    /** No class at all; an answer where none is required. */
    "no-class": () => mark(store.clearClasses(chosen()), "No class."),
    /** The sets of the page count; how many. */
    save() {
      const operations = sets ? store.save(watch.elapsedMs) : [];
      if (operations.length) commit(operations, `${count(operations.length)} saved.`);
      return operations.length;
    },
    skip: () => (needsReason ? askWhy() : skip(chosen())),
    "skip-reason": askWhy,
    undo: () => step(store.undo, "Undone"),
    redo: () => step(store.redo, "Done again"),
  };
}
