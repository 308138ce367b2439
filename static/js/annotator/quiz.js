// The quiz before labelling, asked in the labelling tool: its questions in place of the queue. An answer is judged at once,
// the first one counts, and none of them is a label.

import { readTask, readTold } from "./codec.js";
import { describeResult } from "./interface.js";

/** An api over the questions of one attempt; `keepRight(task id, feedback)` hears what is right of those that were answered. */
export function createQuizApi(api, { attempt, questions }, keepRight) {
  const read = async () => {
    const found = await api.quiz();
    return found.attempt?.id === attempt ? found : { tasks: [], answered: [] };
  };
  return {
    next: async () => ({ leaseMs: 3_600_000, tasks: (await read()).tasks.map(readTask) }),
    renew: async (ids) => ids,
    release: async () => {},
    async status() {
      const { answered } = await read();
      return { progress: { done: answered.length, skipped: 0, total: questions }, own: { today: answered.length, seconds_per_label: null } };
    },
    async history() {
      const { answered } = await read();
      for (const { task, feedback } of answered.toReversed()) keepRight(task.id, readTold(feedback)); // the newest is kept last
      return answered.map(({ task, result }) => ({ task: readTask(task), answer: { kind: "answer", result, value: describeResult(result) } }));
    },
    comments: async () => [],
    resolve: async () => {},
    mentionable: async () => [],
    send: (operations) => api.answerQuiz(attempt, operations),
  };
}
