// The page without a server behind it: for the schema editor, where nothing is saved.

import { readTask } from "./codec.js";

/** An api over `tasks` (payloads as the queue gives them), handed out again and again; what is sent is dropped. */
export function createPreviewApi(tasks) {
  let given = 0;
  const next = () => ({ ...readTask(tasks[given % tasks.length]), id: -(given += 1) });
  return {
    next: async (count) => ({ leaseMs: 3_600_000, tasks: tasks.length ? Array.from({ length: count }, next) : [] }),
    renew: async (ids) => ids,
    release: async () => {},
    status: async () => ({ progress: { done: 0, skipped: 0, total: tasks.length }, own: { today: 0, seconds_per_label: null } }),
    history: async () => [],
    comments: async () => [],
    resolve: async () => {},
    mentionable: async () => [],
    send: async (operations) => operations.map(({ key }) => ({ key, isSaved: true, message: "" })),
  };
}
