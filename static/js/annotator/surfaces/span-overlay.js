// What stands over a text's highlights: the names of labels and the arrows of relations.

import { make, makeSvg } from "../dom.js";

const ARROW = 5;

export function createOverlay(content) {
  const layer = make("div", { class: "annotator-overlay not-annotatable", "aria-hidden": "true" });
  const arrows = makeSvg("svg", { class: "annotator-arrows" });
  const names = make("div");
  layer.append(arrows, names);

  function measure(range) {
    const origin = content.getBoundingClientRect();
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 0);
    const [first] = rects;
    return first ? { x: first.left - origin.left, y: first.top - origin.top, width: first.width } : null;
  }

  function buildArrow({ from_id: from, to_id: to, direction = "right", labels = [] }, places) {
    const [a, b] = [places.get(from), places.get(to)];
    if (!a || !b) return [];
    const [x1, x2] = [a.x + a.width / 2, b.x + b.width / 2];
    const lift = Math.max(6, Math.min(a.y, b.y) - 16 - Math.min(14, Math.abs(x1 - x2) / 12));
    const path = `M ${x1} ${a.y - 2} C ${x1} ${lift}, ${x2} ${lift}, ${x2} ${b.y - 2}`;
    const parts = [makeSvg("path", { d: path, class: "annotator-arc" })];
    if (direction !== "left") parts.push(buildHead(x2, b.y - 2));
    if (direction !== "right") parts.push(buildHead(x1, a.y - 2));
    if (labels.length) {
      const words = makeSvg("text", { x: (x1 + x2) / 2, y: lift + 4, class: "annotator-arc-words" });
      words.textContent = labels.join(", ");
      parts.push(words);
    }
    return parts;
  }

  const buildHead = (x, y) => makeSvg("path", { d: `M ${x - ARROW} ${y - ARROW} L ${x} ${y} L ${x + ARROW} ${y - ARROW}`, class: "annotator-arc" });

  return {
    layer,
    /** `spans` are {id, range, words, color}; `relations` result entries. */
    paint(spans, relations) {
      if (!layer.isConnected) content.parentElement?.append(layer);
      const frame = content.getBoundingClientRect();
      const around = content.parentElement.getBoundingClientRect();
      layer.style.left = `${frame.left - around.left + content.parentElement.scrollLeft}px`;
      layer.style.top = `${frame.top - around.top + content.parentElement.scrollTop}px`;
      const places = new Map();
      const groups = new Map(); // names that begin at the same place stand side by side
      for (const { id, range, words, color } of spans) {
        const place = range && measure(range);
        if (!place) continue;
        places.set(id, place);
        const name = make("span", { class: `annotator-span-name${id.startsWith("ghost:") ? " is-ghost" : ""}`, style: color ? { "--label": color } : {} }, words);
        const key = `${Math.round(place.x / 6)} ${Math.round(place.y)}`;
        if (!groups.has(key)) groups.set(key, make("span", { class: "annotator-span-names", style: { left: `${place.x}px`, top: `${place.y}px` } }));
        groups.get(key).append(name);
      }
      arrows.setAttribute("width", frame.width);
      arrows.setAttribute("height", frame.height);
      arrows.replaceChildren(...relations.flatMap((relation) => buildArrow(relation, places)));
      names.replaceChildren(...groups.values());
    },
    clear() {
      layer.remove();
    },
  };
}
