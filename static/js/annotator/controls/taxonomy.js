// Taxonomy: paths in a tree, found by typing or by opening branches; arrows walk through it.

import { make } from "../dom.js";
import { createAnswer } from "./answer.js";

const SHOWN = 60;
const MORE = 200;

export function create({ control, session, id }) {
  const answer = createAnswer({ control, session, id });
  const leafOnly = String(control.attrs.leafsOnly ?? control.attrs.leafsonly).toLowerCase() === "true";
  const most = Number.parseInt(control.attrs.maxUsages ?? control.attrs.maxusages, 10) || (control.multiple ? Infinity : 1);
  const key = (path) => JSON.stringify(path);
  const children = groupByParent(control.labels);
  const open = new Set();
  let shown = SHOWN;
  const chosen = make("ul", { class: "annotator-chosen" });
  const input = make("input", { class: "form-control form-control-sm", type: "search", placeholder: control.attrs.placeholder || "Find …",
    "aria-label": `Find in ${control.called ?? control.name}`, oninput: () => ((shown = SHOWN), paintTree()), onkeydown: onKey }); // prettier-ignore
  const tree = make("ul", { class: "annotator-tree", onkeydown: onWalk });
  const element = make("div", { class: "annotator-taxonomy" }, chosen, input, tree);

  function onKey(event) {
    if (event.key === "ArrowDown") return walk(event, tree.firstElementChild);
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const first = tree.querySelector("[data-path]");
    if (input.value.trim() && first) {
      toggle(JSON.parse(first.dataset.path));
      input.value = "";
      paintTree();
    }
  }

  const fold = (name, isOpen) => (isOpen ? open.add(name) : open.delete(name), paintTree());
  const readNode = (node) => ({ path: JSON.parse(node.dataset.node), isOpen: open.has(node.dataset.node), isBranch: children.has(node.dataset.node) });

  function walk(event, node) {
    event.preventDefault();
    event.stopPropagation(); // elsewhere the arrows go to other items
    (node?.querySelector(".annotator-leaf:not([disabled])") ?? node?.querySelector("button"))?.focus();
  }

  function onWalk(event) {
    const more = event.target.closest(".is-more");
    if (more && event.key.startsWith("Arrow")) return walk(event, event.key === "ArrowUp" ? more.previousElementSibling : more);
    const node = event.target.closest("[data-node]");
    if (!node || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { path, isOpen, isBranch } = readNode(node);
    if (event.key === "ArrowDown") walk(event, node.nextElementSibling ?? node);
    else if (event.key === "ArrowUp" && !node.previousElementSibling) walk(event, input.parentElement), input.focus();
    else if (event.key === "ArrowUp") walk(event, node.previousElementSibling);
    else if (event.key === "ArrowRight" && isBranch && !isOpen) walk(event, node), fold(node.dataset.node, true);
    else if (event.key === "ArrowRight") walk(event, isBranch ? node.nextElementSibling : node);
    else if (event.key === "ArrowLeft" && isOpen) walk(event, node), fold(node.dataset.node, false);
    else if (event.key === "ArrowLeft") walk(event, findNode(key(path.slice(0, -1))) ?? node);
  }

  const findNode = (name) => [...tree.children].find((node) => node.dataset.node === name) ?? null;

  function toggle(path) {
    const had = answer.read() ?? [];
    const isOn = had.some((one) => key(one) === key(path));
    if (isOn) return answer.write(had.filter((one) => key(one) !== key(path)));
    return answer.write(most === 1 ? [path] : [...had, path].slice(0, most));
  }

  function buildNode({ label, below }, isSearch) {
    const isOpen = open.has(key(label.path));
    const isOn = (answer.read() ?? []).some((one) => key(one) === key(label.path));
    const name = isSearch ? label.path.join(" › ") : label.text || label.value;
    const isBlocked = leafOnly && below.length > 0;
    return make(
      "li", { class: "annotator-node", "data-node": key(label.path), style: { "--depth": isSearch ? 0 : label.path.length - 1 } },
      below.length && !isSearch ? make("button", { type: "button", class: "annotator-fold", "aria-expanded": String(isOpen), "aria-label": `Open ${name}`,
        onclick: () => fold(key(label.path), !isOpen) }, isOpen ? "▾" : "▸") : make("span", { class: "annotator-fold" }),
      make("button", { type: "button", class: `annotator-leaf${isOn ? " is-chosen" : ""}`, disabled: isBlocked && isSearch, dir: "auto",
        ...(isBlocked ? { onclick: () => fold(key(label.path), !isOpen) } : { "data-path": key(label.path), "data-enter-through": "", "aria-pressed": String(isOn), onclick: () => toggle(label.path) }) }, name),
    ); // prettier-ignore
  }

  function buildMore(rest) {
    const words = `Show ${Math.min(rest, MORE)} of ${rest} more, or type to find`;
    return make("li", { class: "annotator-node is-more text-secondary" }, make("button", { type: "button", class: "annotator-leaf", onclick: showMore }, words));
  }

  function showMore() {
    const before = shown;
    shown += MORE;
    paintTree();
    tree.children[before].querySelector(".annotator-leaf").focus({ preventScroll: true });
  }

  function listOpen(parent, found = []) {
    for (const label of children.get(parent) ?? []) {
      const below = children.get(key(label.path)) ?? [];
      found.push({ label, below });
      if (open.has(key(label.path))) listOpen(key(label.path), found);
    }
    return found;
  }

  function paintTree() {
    const wanted = input.value.trim().toLowerCase();
    const nodes = wanted
      ? control.labels.filter(({ path }) => path.join(" ").toLowerCase().includes(wanted)).map((label) => ({ label, below: children.get(key(label.path)) ?? [] }))
      : listOpen("[]");
    const held = tree.contains(document.activeElement) ? document.activeElement : null;
    const [place, part] = [held?.closest("[data-node]")?.dataset.node, held?.classList[0]];
    tree.replaceChildren(...nodes.slice(0, shown).map((node) => buildNode(node, Boolean(wanted))));
    if (nodes.length > shown) tree.append(buildMore(nodes.length - shown));
    if (held) findNode(place)?.querySelector(`.${part}`)?.focus({ preventScroll: true }); // what had the focus was made anew
  }

  return {
    element,
    paint() {
      const said = answer.read() ?? [];
      chosen.replaceChildren(
        ...said.map((path) =>
          make("li", { dir: "auto" }, path.join(" › "), make("button", { type: "button", class: "annotator-icon is-delete", "aria-label": `Take ${path.join(" › ")} back`, onclick: () => toggle(path) })),
        ),
      );
      paintTree();
    },
    verbs: () => [{ id: answer.verbId("find"), words: "Find in the tree", keys: ["/"], spare: ["Shift+f"], run: () => input.focus() }],
    focus: () => input.focus({ preventScroll: true }),
  };
}

function groupByParent(labels) {
  const children = new Map();
  for (const label of labels) {
    const parent = JSON.stringify(label.path.slice(0, -1));
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(label);
  }
  return children;
}
