// Starts every element with data-module="name" from /static/js/modules/name.js, which exports mount(element) -> destroy.

const mounted = new Map();
const base = new URL("./modules/", import.meta.url);

async function start(element) {
  if (mounted.has(element)) return;
  mounted.set(element, () => {});
  const name = element.dataset.module;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Error(`not a module name: ${name}`);
  const module = await import(new URL(`${name}.js`, base));
  if (!element.isConnected) {
    mounted.delete(element);
    return;
  }
  mounted.set(element, (await module.mount(element)) ?? (() => {}));
}

function startAll(root) {
  if (root.matches?.("[data-module]")) start(root);
  root.querySelectorAll?.("[data-module]").forEach(start);
}

function stopRemoved() {
  for (const [element, destroy] of mounted) {
    if (element.isConnected) continue;
    mounted.delete(element);
    destroy();
  }
}

new MutationObserver((changes) => {
  if (changes.some((change) => change.removedNodes.length)) stopRemoved();
  for (const change of changes) change.addedNodes.forEach((node) => node.nodeType === 1 && startAll(node));
}).observe(document.documentElement, { childList: true, subtree: true });

startAll(document);
