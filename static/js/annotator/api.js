// Requests to the labelling endpoints, and what their failures mean to an annotator.

import { readAnswer, readHistoryEntry, readOutcome, readSuggestions, readTask, writeOperation } from "./codec.js";

const TIMEOUT_MS = 20_000;

export class ApiError extends Error {
  /** `reason`: "offline", "signed-out", "no-access", "busy" or "refused". */
  constructor(reason, message, { status = 0, retryAfterMs = null } = {}) {
    super(message);
    this.reason = reason;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export function readCookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

function explain(status, problem, headers) {
  const message = problem?.detail ?? problem?.title ?? `The server answered ${status}.`;
  const wait = Number(headers.get("Retry-After"));
  const retryAfterMs = Number.isFinite(wait) && wait > 0 ? wait * 1_000 : null;
  const isCsrf = status === 403 && /csrf/i.test(message);
  if (status === 401 || isCsrf || problem?.code === "other_user") return new ApiError("signed-out", message, { status });
  if (status === 403 || status === 404) return new ApiError("no-access", message, { status });
  if (status === 429 || status >= 500) return new ApiError("busy", message, { status, retryAfterMs });
  return new ApiError("refused", message, { status });
}

/** `onSchema` hears which version of the label schema counts, with every reply that says so. */
export function createApi({ base, user, labelKind, onSchema = () => {} }) {
  async function request(method, path, body, { keepalive = false } = {}) {
    let response;
    try {
      response = await fetch(base + path, {
        method,
        keepalive,
        redirect: "error",
        signal: keepalive ? undefined : AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          Accept: "application/json",
          ...(body && { "Content-Type": "application/json", "X-CSRFToken": readCookie("csrftoken") }),
        },
        body: body && JSON.stringify(body),
      });
    } catch (error) {
      const isLate = error.name === "TimeoutError";
      throw new ApiError("offline", isLate ? "The server did not answer in time." : "The server cannot be reached.");
    }
    const problem = await response.json().catch(() => null);
    if (!response.ok) throw explain(response.status, problem, response.headers);
    if (problem?.schema_version) onSchema(problem.schema_version);
    return problem;
  }

  const startOfDay = () => new Date(new Date().setHours(0, 0, 0, 0)).toISOString();

  return {
    /**
     * `order` is "alike" or "guess" for a page of items that belong together, out of the whole queue; with `share` others
     * are left their part of the last ones. `held` are those in hand already, where none is given.
     */
    async next(count, resume, { order = "", share = false } = {}) {
      const json = await request("POST", "queue/next/", { count, resume, ...(share && { share }), ...(order && { order }) });
      return { leaseMs: json.lease_seconds * 1_000, tasks: json.tasks.map(readTask), elsewhere: json.elsewhere, held: json.held };
    },
    /** With `share` the last of them go to somebody who waits. */
    async renew(tasks, { share = false } = {}) {
      return (await request("POST", "queue/renew/", { tasks, ...(share && { share }) })).held;
    },
    release: (tasks) => request("POST", "queue/release/", { tasks }, { keepalive: true }),
    status: () => request("GET", `queue/?since=${encodeURIComponent(startOfDay())}`),
    history: async () => (await request("GET", "queue/history/")).map(readHistoryEntry),
    task: async (id) => readTask(await request("GET", `tasks/${id}/`)),
    /** What this person said of a task and what counts of it now; null when they said nothing, or took it back. */
    async ownAnswer(id) {
      const found = await request("GET", `annotations/?task=${id}&user=${user}&current=true`);
      const own = found.results.find(({ kind, origin }) => (kind === "answer" || kind === "skip") && (origin === "human" || origin === "import"));
      return own ? readAnswer(own) : null;
    },
    comments: async (id) => {
      const found = await request("GET", `tasks/${id}/comments/`);
      return Array.isArray(found) ? found : (found.results ?? []);
    },
    resolve: (id, isClosed) => request(isClosed ? "POST" : "DELETE", `comments/${id}/resolve/`, {}),
    mentionable: async (id) => (await request("GET", `tasks/${id}/mentionable/`)).names,
    askSmart: async (id, result) => (await request("POST", `tasks/${id}/smart/`, { result })).job,
    readSmart: (id, job) => request("GET", `tasks/${id}/smart/${job}/`),
    async lateSuggestions(tasks) {
      const { suggestions, is_asked: isAsked } = await request("POST", "queue/suggestions/", { tasks });
      const read = Object.entries(suggestions).map(([id, found]) => [id, readSuggestions(found)]);
      return { suggestions: Object.fromEntries(read), isAsked };
    },
    quiz: () => request("GET", "quiz/"),
    async answerQuiz(attempt, operations) {
      const body = { as_user: user, attempt, operations: operations.map((operation) => writeOperation(operation, labelKind)) };
      return (await request("POST", "quiz/answers/", body)).outcomes.map(readOutcome);
    },
    async send(operations) {
      const body = { as_user: user, operations: operations.map((operation) => writeOperation(operation, labelKind)) };
      const { outcomes } = await request("POST", "annotations/batch/", body);
      return outcomes.map(readOutcome);
    },
  };
}
