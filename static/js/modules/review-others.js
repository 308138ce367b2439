// What other people marked on the item under review, over the answer, each in a color of their own and switched by itself.

import { readLabels } from "../annotator/interface.js";
import { toUnits } from "../annotator/offsets.js";
import { make } from "../annotator/dom.js";

const KEPT = "gristmill-review-others"; // whether they are drawn, kept while one goes through the answers
const MOST_APART = 3; // bars one below the other, then they begin again
const APART = 4; // px between the bars of two people under one word

/** Text nodes of `root` that are the item's own: the names of labels beside the marks are not. */
function listNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, (node) => (node.parentElement.closest("small") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
  const nodes = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) nodes.push(node);
  return nodes;
}

/** The ranges between two UTF-16 offsets of the item's own text: one a text node. */
function listRanges(root, start, end) {
  let passed = 0;
  return listNodes(root).flatMap((node) => {
    const [from, to] = [Math.max(0, start - passed), Math.min(node.length, end - passed)];
    passed += node.length;
    if (from >= to) return [];
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    return [range];
  });
}

/** Bars under the words that people marked: `people` are {id, person, tone, spans: [{start, end, words}]}. */
export function drawBars(root, people, isShown) {
  function paint() {
    root.querySelectorAll(".review-bar").forEach((bar) => bar.remove());
    const origin = root.getBoundingClientRect();
    for (const [place, { id, person, tone, spans }] of people.entries()) {
      if (!isShown(id)) continue;
      for (const { start, end, words } of spans) {
        for (const rect of listRanges(root, start, end).flatMap((range) => [...range.getClientRects()])) {
          const bar = make("span", { class: `review-bar tone-${tone}`, title: `${person}: ${words}` });
          Object.assign(bar.style, {
            left: `${rect.left - origin.left + root.scrollLeft}px`, top: `${rect.bottom - origin.top + root.scrollTop + 2 + APART * (place % MOST_APART)}px`, width: `${rect.width}px`,
          }); // prettier-ignore
          root.append(bar);
        }
      }
    }
  }
  const observer = new ResizeObserver(paint);
  observer.observe(root);
  return { paint, stop: () => observer.disconnect() };
}

/** The spans of plain text: places are code points. */
export function readSpans(root, regions) {
  const text = listNodes(root).map(({ data }) => data).join("");
  return regions
    .filter(({ value }) => Number.isInteger(value.start) && Number.isInteger(value.end))
    .map((main) => ({ start: toUnits(text, main.value.start), end: toUnits(text, main.value.end), words: readLabels(main).join(", ") }));
}

/**
 * The switches beside the answer. `onChange()` is told when what is shown has changed. Returns {people, isShown(id), paint()};
 * `people` are {id, person, tone: which color, regions, masks}.
 */
export function createOthers(element, onChange) {
  const given = element.querySelector("#review-others");
  const people = given ? JSON.parse(given.textContent) : [];
  const boxes = [...element.querySelectorAll("[data-show]")];
  const all = element.querySelector("[data-show-all]");
  const boxOf = (id) => boxes.find((box) => box.dataset.show === String(id));
  const isShown = (id) => Boolean(boxOf(id)?.checked);

  function paint() {
    for (const layer of element.querySelectorAll("[data-other]")) layer.toggleAttribute("hidden", !isShown(layer.dataset.other));
    all?.setAttribute("aria-pressed", String(boxes.every((box) => box.checked)));
    onChange();
  }

  function showAll() {
    const isOn = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = isOn;
    sessionStorage.setItem(KEPT, isOn ? "all" : "");
    paint();
  }

  if (sessionStorage.getItem(KEPT)) for (const box of boxes) box.checked = true;
  boxes.forEach((box) => box.addEventListener("change", paint));
  all?.addEventListener("click", showAll);
  return { people, isShown, paint };
}
