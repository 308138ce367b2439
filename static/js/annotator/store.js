// The annotator's state: what is on screen, what comes next, what was done. Pure: it neither fetches nor paints.
// Every change that the server must hear of comes out as an operation {kind, task, result?, value?, reason?, leadMs?}.
// An answer is {kind: "answer", result, value}: a Label Studio result, and what it says in few words.

import { createHistory } from "./history.js";

export function createStore() {
  const history = createHistory();
  const listeners = new Set();
  let ahead = []; // tasks in order; the first one is on screen unless an earlier one is looked at
  let viewed = null; // id of an earlier task that is looked at
  let undone = []; // steps that undo took back, newest last
  let session = 0; // answers given since the page opened, undone ones not counted

  function emit(change) {
    for (const listener of listeners) listener(change);
  }

  function currentTask() {
    return viewed === null ? (ahead[0] ?? null) : history.find(viewed).task;
  }

  function decide(answer, leadMs) {
    const task = currentTask();
    if (!task) return null;
    const isFirst = viewed === null;
    if (!isFirst && isSame(history.find(task.id).answer, answer)) {
      viewed = nextViewed(1);
      emit({ type: "moved" });
      return null;
    }
    undone = [];
    history.record(task, answer);
    if (isFirst) {
      ahead = ahead.slice(1);
      session += 1;
    } else {
      viewed = nextViewed(1);
    }
    emit({ type: "decided", task, answer });
    return { ...answer, task: task.id, leadMs };
  }

  function nextViewed(step) {
    const { entries } = history;
    const from = viewed === null ? entries.length : history.indexOf(viewed);
    const to = Math.max(0, from + step);
    return to < entries.length ? entries[to].task.id : null;
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get current() {
      return currentTask();
    },
    get currentAnswer() {
      return viewed === null ? null : history.find(viewed).answer;
    },
    get isLookingBack() {
      return viewed !== null;
    },
    get place() {
      return { index: viewed === null ? history.entries.length : history.indexOf(viewed), total: history.entries.length };
    },
    get ahead() {
      return ahead;
    },
    get heldIds() {
      return ahead.map((task) => task.id);
    },
    get canUndo() {
      return history.canUndo;
    },
    /** The result of the newest answer of this visit; null before the first. */
    get lastResult() {
      return history.entries.findLast(({ answer }) => answer.kind === "answer")?.answer.result ?? null;
    },
    /** What was said of a task, undone or not; null when nothing was. */
    answerOf(id) {
      return history.find(id)?.answer ?? undone.findLast(({ task }) => task.id === id)?.after ?? null;
    },
    get canRedo() {
      return undone.length > 0 && currentTask()?.id === undone.at(-1).task.id;
    },
    get answeredCount() {
      return session;
    },

    /** Tasks that were lent to us; those we hold or have answered already are left out. Returns the new ones. */
    add(tasks) {
      const known = new Set([...ahead, ...history.entries.map((entry) => entry.task)].map((task) => task.id));
      const fresh = tasks.filter((task) => !known.has(task.id));
      if (fresh.length) {
        ahead = [...ahead, ...fresh];
        emit({ type: "added", tasks: fresh });
      }
      return fresh;
    },

    /** What came for a task that is still to be answered; false where it is not, or was suggested something already. */
    suggest(id, suggestions) {
      const task = ahead.find((one) => one.id === id);
      if (!task || task.suggestions.length) return false;
      task.suggestions = suggestions;
      return true;
    },

    /** Put a task on screen now, before those that wait. */
    open(task) {
      if (history.find(task.id)) viewed = task.id;
      else ahead = [task, ...ahead.filter((other) => other.id !== task.id)];
      emit({ type: "moved" });
    },

    /** Look at an item that was done; nothing happens where it was undone meanwhile. */
    look(id) {
      if (!history.find(id)) return;
      viewed = id;
      emit({ type: "moved" });
    },

    /** Tasks that were given to somebody else. The one on screen stays: its answer may still be wanted. */
    drop(ids) {
      const gone = new Set(ids);
      const onScreen = viewed === null ? ahead[0]?.id : null;
      ahead = ahead.filter((task) => task.id === onScreen || !gone.has(task.id));
      emit({ type: "dropped" });
    },

    /** What undo takes back, to be kept over a reload. */
    get steps() {
      return history.steps;
    },

    /** `steps` were kept before a reload of this tab. */
    restoreHistory(entries, steps) {
      const held = new Set(ahead.map((task) => task.id));
      history.restore(entries.filter((entry) => !held.has(entry.task.id)), steps);
      emit({ type: "restored" });
    },

    /** `answer` is {result, value}, with `suggestion` when one was shown. */
    answer: (answer, leadMs) => decide({ kind: "answer", ...answer }, leadMs),
    skip: (reason, leadMs) => decide({ kind: "skip", reason }, leadMs),

    /** Take the newest decision back and show its item again; the operation that tells the server, or null. */
    undo() {
      const step = history.undo();
      if (!step) return null;
      undone = [...undone, step];
      if (step.before) {
        viewed = step.task.id;
        emit({ type: "undone", task: step.task });
        return { ...step.before, task: step.task.id };
      }
      viewed = null;
      session -= 1;
      ahead = [step.task, ...ahead];
      emit({ type: "undone", task: step.task });
      return { kind: "withdraw", task: step.task.id };
    },

    /** Decide again what the newest undo took back; the operation that tells the server, or null. */
    redo() {
      const step = undone.at(-1);
      if (!step || currentTask()?.id !== step.task.id) return null;
      const rest = undone.slice(0, -1);
      const operation = decide(step.after, null); // with the suggestion that was shown, so that it counts as before
      undone = rest;
      return operation;
    },

    /** Look at an earlier (-1) or a later (+1) item. */
    move(step) {
      const before = viewed;
      viewed = nextViewed(step);
      if (viewed !== before) emit({ type: "moved" });
    },

    goLive() {
      if (viewed === null) return;
      viewed = null;
      emit({ type: "moved" });
    },
  };
}

function isSame(one, other) {
  if (one.kind !== other.kind || (one.reason ?? "") !== (other.reason ?? "")) return false;
  return one.kind !== "answer" || JSON.stringify(one.result) === JSON.stringify(other.result);
}
