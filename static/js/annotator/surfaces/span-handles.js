// The two ends of the selected span, below its text: dragged by a finger or with the mouse.

import { make } from "../dom.js";

const EDGES = ["start", "end"];

/** The place in the text under a point of the window, {node, offset}; null beside the text. */
function findCaret(x, y) {
  const found = document.caretPositionFromPoint?.(x, y);
  if (found) return { node: found.offsetNode, offset: found.offset };
  const range = document.caretRangeFromPoint?.(x, y); // browsers that do not know the standard's name yet
  return range ? { node: range.startContainer, offset: range.startOffset } : null;
}

/**
 * `layer` lies over the text, `origin()` is its corner in the window. `onDrag(edge, caret, merge)` hears where an end was
 * dragged to: {node, offset}; all of one drag has the same `merge`.
 */
export function createHandles({ layer, origin, onDrag }) {
  const handles = new Map(EDGES.map((edge) => [edge, build(edge)]));
  let drag = null; // {edge, dx, dy, merge}: from the finger to the middle of the line
  let count = 0;

  function build(edge) {
    const handle = make("div", { class: `annotator-span-handle is-${edge}`, "data-edge": edge, hidden: true, onpointerdown: onDown, onpointermove: onMove, onpointerup: onUp, onpointercancel: onUp });
    layer.append(handle);
    return handle;
  }

  function onDown(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // neither a selection nor the menu of a long press
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    const { left, top } = origin();
    const [x, y] = [left + Number(handle.dataset.x), top + Number(handle.dataset.middle)];
    drag = { edge: handle.dataset.edge, dx: x - event.clientX, dy: y - event.clientY, merge: `span handle ${(count += 1)}` };
  }

  function onMove(event) {
    if (!drag) return;
    const caret = findCaret(event.clientX + drag.dx, event.clientY + drag.dy);
    if (caret) onDrag(drag.edge, caret, drag.merge);
  }

  function onUp() {
    drag = null;
  }

  /** Boxes of the first and of the last character of what is selected, in the window; null for nothing. */
  function paint(boxes) {
    for (const handle of handles.values()) handle.hidden = !boxes;
    if (!boxes) return;
    const { left, top } = origin();
    const { start, end } = boxes;
    const isLeftwards = start.top < end.bottom && end.top < start.bottom && end.left < start.left;
    place("start", isLeftwards ? start.right : start.left, start, !isLeftwards);
    place("end", isLeftwards ? end.left : end.right, end, isLeftwards);

    function place(edge, x, box, isLeft) {
      const handle = handles.get(edge);
      handle.classList.toggle("is-left", isLeft);
      handle.dataset.x = x - left;
      handle.dataset.middle = (box.top + box.bottom) / 2 - top;
      handle.style.left = `${x - left}px`;
      handle.style.top = `${box.bottom - top}px`;
    }
  }

  return { paint };
}
