// Starts every element with data-module="name" from modules/name.js, which exports mount(element) -> destroy, and
// destroys it when the element leaves the page, whoever put it there or took it away. Several names: "menu copy".
// While one is on its way, the page says so: <html data-starting>.

const mounted = new Map();
const starting = new Set();
const base = new URL("./modules/", import.meta.url);

async function startModule(element, name) {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Error(`not a module's name: ${name}`);
  const module = await import(new URL(`${name}.js`, base));
  if (!mounted.has(element)) return;
  const destroy = await module.mount(element);
  if (typeof destroy !== "function") return;
  if (mounted.has(element)) mounted.get(element).push(destroy);
  else destroy();
}

function sayStarting() {
  document.documentElement.toggleAttribute("data-starting", starting.size > 0);
}

function startOne(element) {
  if (mounted.has(element)) return;
  mounted.set(element, []);
  for (const name of element.dataset.module.split(/\s+/).filter(Boolean)) {
    const start = startModule(element, name).catch((error) => console.error(`the module ${name} did not start`, error));
    starting.add(start);
    void start.then(() => {
      starting.delete(start);
      sayStarting();
    });
  }
  sayStarting();
}

function startAll(root) {
  if (root.matches?.("[data-module]")) startOne(root);
  root.querySelectorAll?.("[data-module]").forEach(startOne);
}

function stopRemoved() {
  for (const [element, destroyers] of mounted) {
    if (element.isConnected) continue;
    mounted.delete(element);
    destroyers.forEach((destroy) => destroy());
  }
}

new MutationObserver((changes) => {
  if (changes.some((change) => change.removedNodes.length)) stopRemoved();
  for (const change of changes) change.addedNodes.forEach((node) => node.nodeType === 1 && startAll(node));
}).observe(document.documentElement, { childList: true, subtree: true });

startAll(document);
