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

    /** Entries from an earlier session, newest first as the API gives them; what is known already stays. */
    restore(older) {
      const known = new Set(entries.map((entry) => entry.task.id));
      entries = [...older.filter((entry) => !known.has(entry.task.id)).reverse(), ...entries];
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
