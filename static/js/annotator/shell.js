// What a labelling page needs to open once more while the network is gone: its document, the files it loaded, and the
// items in hand. Kept in one cache a page, of one user, for a day; labelling-worker.js opens it. Browsers offer both only
// over HTTPS (or on localhost); elsewhere nothing is kept, and nothing else changes.

const WORKER = "/labelling-worker.js";
const SHELLS = "gristmill-shell "; // the same as in labelling-worker.js
const HELD = "?held";
const MOST_HELD = 2_000_000; // characters of JSON
const WRITE_MS = 300;
const MARK = "data-kept";

const isOffered = () => Boolean(globalThis.navigator?.serviceWorker && globalThis.caches);
const listShells = async () => (await caches.keys()).filter((name) => name.startsWith(SHELLS));

/** A page that was opened from what this browser kept. */
const isKept = () => document.documentElement.hasAttribute(MARK);

/** Everything that was kept of any labelling page, for whoever; and the worker that would show it. */
export async function forgetShells() {
  if (!isOffered()) return;
  const workers = await navigator.serviceWorker.getRegistrations();
  const ours = workers.filter(({ active, waiting, installing }) => (active ?? waiting ?? installing)?.scriptURL.endsWith(WORKER));
  await Promise.all([...(await listShells()).map((name) => caches.delete(name)), ...ours.map((worker) => worker.unregister())]);
}

/** As many of the first tasks as fit. */
export function cutTasks(tasks, most = MOST_HELD) {
  let size = 0;
  const end = tasks.findIndex((task) => (size += JSON.stringify(task).length) > most);
  return end < 0 ? tasks : tasks.slice(0, end);
}

const writeTasks = (tasks) => new Response(JSON.stringify(cutTasks(tasks)), { headers: { "Content-Type": "application/json" } });

/** The headers of a document, the policy of what it may load among them, but for those of its bytes on the wire. */
function readHeaders(answer) {
  const headers = new Headers(answer.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  return headers;
}

/**
 * `user` is the id of who is logged in; `scope` the address of the labelling page, below which the grid is too. For the
 * page at `page`.
 */
export function createShell({ user, scope, page = location.pathname }) {
  let name = null; // of the cache that is this page's
  let timer = null;
  let latest = [];

  const prefix = `${SHELLS}${user} ${page} `;

  /** Keep this page as the server gives it now. What was kept before goes once all of it is there. */
  async function keep() {
    if (!isOffered() || isKept()) return;
    await navigator.serviceWorker.register(WORKER, { scope });
    const answer = await fetch(page, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const files = await Promise.all(listFiles().map(async (url) => [url, await fetch(url, { cache: "force-cache" })]));
    if (!files.every(([, file]) => file.ok)) return;
    const html = (await answer.text()).replace("<html ", `<html ${MARK} `);
    const fresh = `${prefix}${Date.now()}`;
    const cache = await caches.open(fresh);
    for (const [url, file] of files) await cache.put(url, file);
    await cache.put(page + HELD, await findHeld());
    await cache.put(page, new Response(html, { headers: readHeaders(answer) })); // last: else the rest counts for nothing
    name = fresh;
    await Promise.all((await listShells()).filter((other) => isOutdated(other)).map((other) => caches.delete(other)));
    if (latest.length) await write();
  }

  /** What was kept of this page before, or for somebody else. */
  const isOutdated = (other) => other !== name && (other.startsWith(prefix) || other.split(" ")[1] !== String(user));

  function listFiles() {
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    const base = new URL("../../", import.meta.url).href; // where all scripts, styles and fonts are
    return [...new Set(loaded.filter((url) => url.startsWith(base)))];
  }

  async function write() {
    if (await find()) await (await caches.open(name)).put(page + HELD, writeTasks(latest));
  }

  /** The newest of this page's, which another tab may have kept; null where none is, or somebody logged out meanwhile. */
  async function find() {
    name = (await listShells()).filter((other) => other.startsWith(prefix)).sort().at(-1) ?? null;
    return name;
  }

  /** What was in hand, as it is kept. */
  async function findHeld() {
    const kept = (await find()) ? await (await caches.open(name)).match(page + HELD) : null;
    return kept ?? writeTasks([]);
  }

  return {
    /** Whether this page stands without the network, as it was kept. */
    isStanding: isKept(),

    /** Keep the page, once; nothing is lost where that fails. */
    keep: () => keep().catch((error) => console.warn("This page cannot be opened again while offline:", error)),

    /** These tasks are in hand now; written shortly after. */
    hold(tasks) {
      latest = tasks;
      clearTimeout(timer);
      timer = setTimeout(() => void write().catch(() => {}), WRITE_MS); // another visit has them from the server
    },

    /** The tasks that the visit before had in hand, but for those of `except`. */
    async readHeld(except) {
      if (!isOffered()) return [];
      const gone = new Set(except);
      return (await (await findHeld()).json()).filter(({ id }) => !gone.has(id));
    },

    stop: () => clearTimeout(timer),
  };
}
