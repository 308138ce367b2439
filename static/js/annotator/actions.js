// What an annotator can decide: answer, submit, skip, undo, redo. Turns decisions into operations for the outbox.

import { findMissing, listCounted } from "./checks.js";
import { describeResult } from "./interface.js";

const FINAL = "The first answer to a question counts. → goes on.";

/** `commit(operation, words)` hands on; `count(change)` keeps the totals. Where answers are `isFinal` none is taken back. */
export function createActions({ view, store, media, screen, keeper, watch, proposals, commit, count, quick, isFinal = false }) {
  const isOpen = () => Boolean(store.current) && !screen.parts.stage.hidden;
  const deskOf = () => media.shown; // null while the item is still on its way

  function decide(result) {
    const leadMs = watch.elapsedMs;
    const isFirst = !store.isLookingBack;
    const suggestion = isFirst ? proposals.outcomeOf(result) : null;
    const value = describeResult(result);
    const task = store.current.id;
    const operation = store.answer(suggestion ? { result, value, suggestion } : { result, value }, leadMs);
    void keeper.drop(task);
    if (operation && isFirst) count(1, leadMs);
    commit(operation, `Labeled ${value}.`);
  }

  return {
    /** The fast path: this entry is the whole answer. */
    answer(entry) {
      if (!isOpen()) return;
      if (isFinal && store.isLookingBack) return void screen.say(FINAL, true);
      quick.flash([entry]);
      decide([entry]);
    },

    submit() {
      const desk = deskOf();
      if (!isOpen() || !desk?.session) return;
      if (isFinal && store.isLookingBack) return void screen.say(FINAL, true);
      document.activeElement?.matches?.("input, textarea") && document.activeElement.blur();
      const missing = [...desk.listProblems(), ...findMissing(view, desk.session)];
      if (missing.length) {
        desk.markMissing(missing);
        screen.say(missing[0].words, true);
        screen.announce(missing[0].words);
        return;
      }
      decide(listCounted(view, { entries: desk.session.result, regions: desk.session.regions }));
    },

    skip(reason = "") {
      if (!isOpen() || isFinal) return;
      const isFirst = !store.isLookingBack;
      void keeper.drop(store.current.id);
      const operation = store.skip(reason, watch.elapsedMs);
      if (isFirst) count(1, null);
      commit(operation, "Skipped.");
    },

    /** The newest step: within the answer in the making first, then the newest decision (not by a key that is held). */
    undo(event) {
      const session = deskOf()?.session;
      if (session?.canUndo) return void session.undo();
      if (event?.repeat || isFinal) return;
      const operation = store.undo();
      if (!operation) return;
      if (operation.kind === "withdraw") {
        count(-1, null);
        const { result } = store.answerOf(operation.task) ?? {};
        if (result && !quick) void keeper.keep(operation.task, result);
      }
      if (operation.kind === "answer") deskOf()?.session?.replace(operation.result);
      commit(operation, "Undone. The item is back.");
    },

    redo(event) {
      const session = deskOf()?.session;
      if (session?.canRedo) return void session.redo();
      if (event?.repeat) return;
      const isFirst = !store.isLookingBack;
      const operation = store.redo();
      if (!operation) return;
      if (isFirst) count(1, null);
      commit(operation, "Done again.");
    },
  };
}
