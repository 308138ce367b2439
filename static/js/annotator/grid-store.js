// Pages of items that are labeled in bulk, with undo and redo. Pure: it neither fetches nor paints.
// Every change that the server must hear of comes out as operations, as the outbox keeps them.

import { buildResult, readValue } from "./codec.js";

const LONGEST = 200; // steps that can be undone

/** The newest suggestion of a task as {id, value, score}; null where there is none, or it may not be seen. */
export function readGuess(task) {
  const [first] = task.suggestions ?? [];
  const several = first?.result?.[0]?.value?.choices?.join(", ");
  const value = first ? several || readValue(first.result) : null;
  return value === null ? null : { id: first.id, value: String(value), score: first.score ?? null };
}

/** By the model's guess: classes together, the surest first; items without a guess come last, as they were. */
export function orderByGuess(tasks) {
  const rows = tasks.map((task, place) => ({ task, place, guess: readGuess(task) }));
  rows.sort((one, other) => {
    if (!one.guess || !other.guess) return Number(!one.guess) - Number(!other.guess) || one.place - other.place;
    return (
      one.guess.value.localeCompare(other.guess.value) ||
      (other.guess.score ?? 0) - (one.guess.score ?? 0) ||
      one.place - other.place
    );
  });
  return rows.map(({ task }) => task);
}

/** Tasks in the order of `ids`; those it does not name come last. */
export function orderByIds(tasks, ids) {
  const places = new Map(ids.map((id, place) => [id, place]));
  const placeOf = (task) => places.get(task.id) ?? ids.length;
  return [...tasks].sort((one, other) => placeOf(one) - placeOf(other));
}

const isSent = (answer) => Boolean(answer) && (answer.kind !== "draft" || Boolean(answer.isOver));

/**
 * `labelKind` says how an answer is written; with `sets` (grid-sets.js) an item has several classes, drafts until they
 * are saved, and `findDraft(taskId)` is the result that an earlier visit left. A page is {tasks, answers: Map of task
 * id to {kind, value}}.
 */
export function createGridStore({ labelKind = "class", sets = null, findDraft = () => null } = {}) {
  const pages = []; // those that were shown, the newest last
  let at = -1;
  let ahead = null; // the tasks of the next page, once they are there
  let steps = [];
  let undone = []; // steps that were taken back, the newest last

  const page = () => pages[at] ?? null;
  const answerOf = (id) => pages.findLast(({ answers }) => answers.has(id))?.answers.get(id) ?? null;

  /** With sets, in the schema's order and without classes that are gone; null where nothing is left of it. */
  function guessOf(task) {
    const guess = readGuess(task);
    if (!guess || !sets) return guess;
    const { classes, value } = sets.read(task.suggestions[0].result);
    return classes.length ? { ...guess, value } : null;
  }

  function write(task, answer, leadMs) {
    const guess = guessOf(task);
    if (answer.kind === "skip") return { kind: "skip", task: task.id, reason: answer.reason ?? "", leadMs };
    const suggestion = guess && { id: guess.id, outcome: answer.value === guess.value ? "accepted" : "corrected" };
    const result = answer.result ?? buildResult(labelKind, answer.value);
    return { kind: "answer", task: task.id, leadMs, ...(suggestion && { suggestion }), value: answer.value, result };
  }

  /** This is what is said of the task now; the operations for the server. A draft says nothing yet. */
  function put(task, answer, leadMs) {
    const { answers } = page();
    const wasSent = isSent(answers.get(task.id));
    if (answer) answers.set(task.id, answer);
    else answers.delete(task.id);
    if (wasSent && !isSent(answer)) return [{ kind: "withdraw", task: task.id }];
    return answer && answer.kind !== "draft" ? [write(task, answer, leadMs)] : [];
  }

  /** What was said of these once stands again. */
  const restore = (answers) => answers.flatMap(([task, answer]) => put(task, answer, null));

  /** `answers` are [task, answer] pairs, null for none; those that say what is said already change nothing. */
  function decide(answers, leadMs) {
    const { answers: given } = page();
    const isSame = (one, other) => one?.kind === other?.kind && one?.value === other?.value && (one?.reason ?? "") === (other?.reason ?? "");
    const fresh = answers.filter(([task, answer]) => !isSame(given.get(task.id), answer));
    if (!fresh.length) return [];
    const before = fresh.map(([task]) => [task, given.get(task.id) ?? null]);
    steps = [...steps, { at, before }].slice(-LONGEST);
    undone = [];
    const each = leadMs == null ? null : Math.round(leadMs / fresh.length);
    return fresh.flatMap(([task, answer]) => put(task, answer, each));
  }

  /** Sets in the making; over an answer that was sent, they wait to take its place. */
  function draft(tasks, made) {
    const over = (task, set) => set && { ...set, isOver: isSent(page().answers.get(task.id)) };
    return decide(tasks.map((task, place) => [task, over(task, made[place])]), null);
  }

  const setOf = (task) => page()?.answers.get(task.id) ?? null;

  function openAhead() {
    const kept = sets ? ahead.map(({ id }) => [id, findDraft(id)]).filter(([, result]) => result) : [];
    pages.push({ tasks: ahead, answers: new Map(kept.map(([id, result]) => [id, sets.read(result)])) });
    ahead = null;
    at = pages.length - 1;
  }

  return {
    get tasks() {
      return page()?.tasks ?? [];
    },
    get ahead() {
      return ahead;
    },
    get canUndo() {
      return steps.length > 0;
    },
    get canRedo() {
      return undone.length > 0;
    },
    get isNewest() {
      return at === pages.length - 1;
    },
    /** The number of the page on which a task is, from 0; -1 for none. */
    pageOf: (id) => pages.findIndex(({ tasks }) => tasks.some((task) => task.id === id)),
    answer: (id) => page()?.answers.get(id) ?? null,
    /** Tasks of the page on screen that nobody decided yet. */
    get open() {
      return this.tasks.filter((task) => !page().answers.has(task.id));
    },
    /** Tasks of the page on screen with a set that is not saved. */
    get unsaved() {
      return this.tasks.filter((task) => page().answers.get(task.id)?.kind === "draft");
    },
    /** Ids of tasks whose leases must be kept. */
    get heldIds() {
      const mine = pages.flatMap(({ tasks, answers }) => tasks.filter((task) => !isSent(answers.get(task.id))));
      return [...new Set([...mine, ...(ahead ?? [])].map((task) => task.id))];
    },
    /** Those of them with nothing in the making: they may go to others when the page does. */
    get idleIds() {
      return this.heldIds.filter((id) => !answerOf(id));
    },

    setAhead(tasks) {
      ahead = tasks;
    },
    /** Show the page that waits (or one looked at before); false while there is none. */
    advance() {
      if (at < pages.length - 1) {
        at += 1;
        return true;
      }
      if (!ahead?.length) return false;
      openAhead();
      return true;
    },
    /** Leave what was not decided on this page to others; their ids. */
    giveBack() {
      const rest = this.open.map((task) => task.id);
      if (page()) page().tasks = page().tasks.filter((task) => page().answers.has(task.id));
      return rest;
    },
    /** Leases that others got meanwhile. */
    drop(ids) {
      const gone = new Set(ids);
      const isKept = (answers) => (task) => !gone.has(task.id) || answers.has(task.id);
      for (const one of pages) one.tasks = one.tasks.filter(isKept(one.answers));
      if (ahead) ahead = ahead.filter((task) => !gone.has(task.id));
    },
    /** Another order of the page on screen; what is decided stays where it is said to be. */
    arrange(order) {
      if (page()) page().tasks = order(page().tasks);
      if (ahead) ahead = order(ahead);
    },

    /** The same label for all of these; the operations for the server. */
    label(tasks, value, leadMs) {
      return decide(tasks.map((task) => [task, { kind: "answer", value }]), leadMs);
    },
    /** A class more for all of these, or one less where all have it; nothing is sent before `save`. */
    toggleClass: (tasks, name) => draft(tasks, sets.toggle(tasks.map(setOf), name)),
    /** None of the classes, which is an answer where none is required. */
    clearClasses: (tasks) => draft(tasks, tasks.map(() => (sets.isRequired ? null : sets.build([])))),
    /** Which classes these have: for each "true", "mixed" or "false". */
    summarize: (tasks) => sets.summarize(tasks.map(setOf)),
    /** The sets of the page on screen count; the operations for the server. */
    save(leadMs) {
      return decide(this.unsaved.map((task) => [task, { ...setOf(task), kind: "answer" }]), leadMs);
    },
    /** To each of these the label that the model guesses; those without a guess stay as they are. */
    accept(tasks, leadMs) {
      const guessed = tasks.filter(guessOf);
      if (sets) return draft(guessed, guessed.map((task) => sets.read(task.suggestions[0].result)));
      return decide(guessed.map((task) => [task, { kind: "answer", value: guessOf(task).value }]), leadMs);
    },
    skip(tasks, reason, leadMs) {
      return decide(tasks.map((task) => [task, { kind: "skip", reason }]), leadMs);
    },
    /** Take the newest step back, wherever it was; the operations for the server. */
    undo() {
      const step = steps.at(-1);
      if (!step) return [];
      steps = steps.slice(0, -1);
      at = step.at;
      const after = step.before.map(([task]) => [task, page().answers.get(task.id) ?? null]);
      undone = [...undone, { ...step, after }];
      return restore(step.before);
    },
    /** Do again what was taken back last, until something else is decided; the operations for the server. */
    redo() {
      const step = undone.at(-1);
      if (!step) return [];
      undone = undone.slice(0, -1);
      steps = [...steps, { at: step.at, before: step.before }];
      at = step.at;
      return restore(step.after);
    },
    answerOf,
    guessOf,
  };
}
