// Mouse, fingers and keys on the map's canvas, as what they mean: move, zoom, an outline, a click, a hover.

import { boxOutline } from "./map-geometry.js";

const CLICK_PIXELS = 4;
const STEP = 60;

const place = (canvas, event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

/** Listens until `signal` aborts. `on`: {pan, zoom, outline, done, click, hover, leave, tool, reset, clear}. */
export function followPointer(canvas, getTool, on, signal) {
  const fingers = new Map();
  let start = null;
  let last = null;
  let path = null;
  let spread = 0;
  let reach = 0; // how far the pointer got: a closed lasso ends where it began and is no click
  const listen = (type, handler, options = {}) => canvas.addEventListener(type, handler, { signal, ...options });
  const measure = () => {
    const [[ax, ay], [bx, by]] = [...fingers.values()];
    return { distance: Math.hypot(ax - bx, ay - by), middle: [(ax + bx) / 2, (ay + by) / 2] };
  };

  listen("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const at = place(canvas, event);
    fingers.set(event.pointerId, at);
    if (fingers.size === 2) { path = null; start = null; spread = measure().distance; on.outline(null); return; }
    start = last = at;
    reach = 0;
    const tool = event.shiftKey ? "lasso" : getTool();
    path = tool === "pan" ? null : { tool, points: [at] };
    on.leave();
  });

  listen("pointermove", (event) => {
    const at = place(canvas, event);
    if (!fingers.has(event.pointerId)) { on.hover(at); return; }
    fingers.set(event.pointerId, at);
    if (start) reach = Math.max(reach, Math.hypot(at[0] - start[0], at[1] - start[1]));
    if (fingers.size === 2) {
      const { distance, middle } = measure();
      if (spread > 0) on.zoom(distance / spread, middle);
      spread = distance;
    } else if (path) {
      if (path.tool === "lasso") path.points.push(at);
      on.outline(path.tool === "lasso" ? path.points : boxOutline(path.points[0], at));
    } else if (start) on.pan(at[0] - last[0], at[1] - last[1]);
    last = at;
  });

  const end = (event) => {
    if (!fingers.delete(event.pointerId) || !start) return;
    const at = place(canvas, event);
    const isClick = reach < CLICK_PIXELS;
    const outline = path && !isClick ? (path.tool === "lasso" ? path.points : boxOutline(path.points[0], at)) : null;
    on.outline(null);
    if (outline && event.type === "pointerup") on.done(outline);
    else if (isClick && event.type === "pointerup") on.click(at);
    start = path = null;
  };
  listen("pointerup", end);
  listen("pointercancel", end);
  listen("pointerleave", () => on.leave());
  listen("wheel", (event) => {
    event.preventDefault();
    on.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), place(canvas, event));
  }, { passive: false });

  const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
  const keys = { p: () => on.tool("pan"), l: () => on.tool("lasso"), b: () => on.tool("box"), 0: on.reset, Escape: on.clear };
  listen("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (moves[key]) on.pan(...moves[key]);
    else if (key === "+" || key === "=") on.zoom(1.4, middle);
    else if (key === "-") on.zoom(1 / 1.4, middle);
    else if (keys[key]) keys[key]();
    else return;
    event.preventDefault();
  });
}
