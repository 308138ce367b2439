// What was done in this session and before: entries to walk through, and the steps that undo takes back.

const LONGEST = 200;

export function createHistory() {
  let entries = []; // oldest first: {task, answer}
  const steps = []; // newest last: {task, before}; `before` is the answer that stood there, or null

  function indexOf(taskId) {
    return entries.findIndex((entry) => entry.task.id === taskId);
  }

  return {
    get entries() {
      return entries;
    },
    get canUndo() {
      return steps.length > 0;
    },
    find: (taskId) => entries[indexOf(taskId)] ?? null,
    indexOf,

    /** The steps that undo takes back, as they are kept over a reload: {task: its id, before}, newest last. */
    get steps() {
      return steps.map(({ task, before }) => ({ task: task.id, before }));
    },

    /**
     * Entries from an earlier session, newest first as the API gives them; what is known already stays. Of them undo takes
     * back what `kept` steps of this tab say.
     */
    restore(older, kept = []) {
      const known = new Set(entries.map((entry) => entry.task.id));
      const found = new Map(older.filter((entry) => !known.has(entry.task.id)).map((entry) => [entry.task.id, entry]));
      entries = [...[...found.values()].reverse(), ...entries];
      steps.unshift(...kept.filter(({ task }) => found.has(task)).map(({ task, before }) => ({ task: found.get(task).task, before })));
    },

    /** Put an answer on record. A change stays in its place; a first answer comes last. */
    record(task, answer) {
      const index = indexOf(task.id);
      steps.push({ task, before: index < 0 ? null : entries[index].answer });
      if (steps.length > LONGEST) steps.shift();
      if (index < 0) entries = [...entries, { task, answer }].slice(-LONGEST);
      else entries = entries.with(index, { task, answer });
    },

    /** Take the newest step back; returns it, or null when there is none. */
    undo() {
      const step = steps.pop();
      if (!step) return null;
      const index = indexOf(step.task.id);
      step.after = entries[index]?.answer ?? null;
      if (step.before) entries = entries.with(index, { task: step.task, answer: step.before });
      else entries = entries.filter((entry) => entry.task.id !== step.task.id);
      return step;
    },
  };
}
