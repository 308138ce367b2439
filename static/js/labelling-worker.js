// The service worker of the labelling pages. It does one thing: where the network is gone, it opens the page as this
// browser kept it (annotator/shell.js keeps it). It keeps nothing itself, and shows nothing kept while a server answers.

const PAGE = /^\/projects\/[^/]+\/label(\/grid)?$/;
const SHELLS = "gristmill-shell "; // then the user's id, a space and the page's address, a space and the time
const KEPT_MS = 24 * 3_600_000;

const standing = new Map(); // id of a window that shows a kept page -> the name of what is kept for it

addEventListener("install", (event) => {
  skipWaiting();
  // what is never kept does not wait for this worker to start, where the browser lets us say so
  event.addRoutes?.([{ condition: { urlPattern: "/api/*" }, source: "network" }, { condition: { urlPattern: "/projects/*/label/tasks/*" }, source: "network" }]);
});

addEventListener("fetch", (event) => {
  const { request, clientId } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (request.mode === "navigate" && PAGE.test(pathname)) event.respondWith(openPage(event, pathname));
  else if (request.destination && standing.has(clientId)) event.respondWith(openFile(standing.get(clientId), request));
});

async function openPage({ request, resultingClientId }, pathname) {
  let answer;
  try {
    answer = await fetch(request);
  } catch (error) {
    const kept = await findShell(pathname);
    if (!kept) throw error;
    standing.set(resultingClientId, kept.name);
    return kept.shell;
  }
  if (!answer.ok && answer.status < 500) await forget(pathname); // logged out, no member any more, no project
  return answer;
}

/** A kept page has the scripts and styles that it was kept with, whatever a newer release has of the same name. */
async function openFile(name, request) {
  const cache = await caches.open(name);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

const listNames = async (pathname) => (await caches.keys()).filter((name) => name.startsWith(SHELLS) && name.split(" ")[2] === pathname);

/** {name, shell} of the page as it was kept last; null where nothing whole is kept, or for too long. */
async function findShell(pathname) {
  const names = (await listNames(pathname)).sort((one, other) => timeOf(other) - timeOf(one));
  for (const name of names) {
    const shell = await (await caches.open(name)).match(pathname, { ignoreVary: true });
    if (shell && Date.now() - timeOf(name) < KEPT_MS) return { name, shell };
  }
  return null;
}

const timeOf = (name) => Number(name.split(" ")[3]);

async function forget(pathname) {
  await Promise.all((await listNames(pathname)).map((name) => caches.delete(name)));
}
