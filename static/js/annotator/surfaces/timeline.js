// A strip of time one can zoom, move along and mark stretches on. What is drawn on it is the caller's; places are
// numbers on its axis.

import { make } from "../dom.js";

const EDGE = 7; // px in which an end of a stretch is gripped
const FINGER = 22; // the same for a finger
const CLICK = 4; // px a click may slip
const ZOOM = 1.6;
const BAND = 18; // px for the names of stretches
const RULER = 20;

/** The window onto an axis from `first` to `last`. Pure. */
export function createWindow(first, last, least) {
  let [from, to] = [first, last];
  const clamp = (start, end) => {
    const size = Math.min(Math.max(end - start, least), last - first);
    const begin = Math.min(Math.max(start, first), last - size);
    [from, to] = [begin, begin + size];
  };
  return {
    get from() {
      return from;
    },
    get to() {
      return to;
    },
    zoom(factor, around = (from + to) / 2) {
      const share = (around - from) / (to - from || 1);
      const size = (to - from) / factor;
      clamp(around - share * size, around + (1 - share) * size);
    },
    move: (by) => clamp(from + by, to + by),
    reset: () => clamp(first, last),
    reveal(start, end) {
      if (start < from || end > to) clamp(start - (to - from - (end - start)) / 2, end + (to - from - (end - start)) / 2);
    },
  };
}

/** What a pointer at `x` (axis units, `grip` wide) takes hold of: an end, a stretch, or nothing. Pure. */
export function findGrip(spans, x, grip) {
  const near = spans.filter(({ isGhost, isLocked }) => !isGhost && !isLocked);
  for (const edge of ["start", "end"]) {
    const held = near.find((span) => span.isSelected && Math.abs(span[edge] - x) <= grip);
    if (held) return { id: held.id, edge };
  }
  const under = spans.filter((span) => !span.isGhost && span.start - grip <= x && x <= span.end + grip);
  const shortest = under.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
  return shortest ? { id: shortest.id, edge: null } : null;
}

/**
 * `paint(context, {from, to, width, height, x(at), ink})` draws the content; `spans()` gives [{id, start, end, color,
 * words, isSelected, isGhost, isLocked}]. `onMark(start, end)`, `onPick(id | null)`, `onResize(id, edge, at, merge)`,
 * `onSeek(at)` hear of the pointer; `cursor()` is a place to show, `format(at)` an axis label.
 */
export function createTimeline({ first, last, least, height, label, paint, spans, onMark, onPick, onResize, onSeek = () => {}, cursor = () => null, format = String }) {
  const view = createWindow(first, last, least);
  const canvas = make("canvas", { class: "annotator-timeline", role: "img", "aria-label": label, style: { height: `${height + BAND + RULER}px` } });
  const slider = make("input", { type: "range", class: "annotator-scroll form-range", min: 0, max: 1000, value: 0, "aria-label": "Move along", oninput: onScroll });
  const button = (words, text, run) => make("button", { type: "button", class: "btn btn-sm", title: words, "aria-label": words, onclick: run }, text);
  const bar = make("div", { class: "annotator-timeline-bar" }, button("Zoom out", "−", () => zoom(1 / ZOOM)), button("Zoom in", "+", () => zoom(ZOOM)), button("Show all", "All", () => (view.reset(), draw())), slider);
  const element = make("div", { class: "annotator-timeline-box" }, canvas, bar);
  const pointers = new Map();
  let drag = null; // {start, at, grip, merge}
  let frame = null;
  let dragCount = 0;
  let [width, observer] = [0, null];

  const toX = (at) => ((at - view.from) / (view.to - view.from || 1)) * width;
  const toPlace = (x) => view.from + (x / (width || 1)) * (view.to - view.from);
  const unit = () => (view.to - view.from) / (width || 1);
  const clampPlace = (at) => Math.min(Math.max(at, first), last);

  function draw() {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      drawNow();
    });
  }

  function drawNow() {
    const ratio = globalThis.devicePixelRatio || 1;
    width = canvas.clientWidth;
    if (!width) return;
    const tall = height + BAND + RULER;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(tall * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(tall * ratio);
    }
    const context = canvas.getContext("2d");
    const ink = getComputedStyle(canvas).color;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, tall);
    context.font = "11px system-ui, sans-serif";
    context.save();
    context.translate(0, BAND);
    paint(context, { from: view.from, to: view.to, width, height, x: toX, ink });
    context.restore();
    for (const span of spans()) drawSpan(context, span, ink);
    if (drag?.isMarking) drawSpan(context, { start: Math.min(drag.from, drag.at), end: Math.max(drag.from, drag.at), color: "#4c6ef5", words: "" }, ink);
    drawRuler(context, ink);
    drawCursor(context);
    slider.hidden = view.to - view.from >= last - first;
    slider.value = String(Math.round((1000 * (view.from - first)) / (last - first - (view.to - view.from) || 1)));
  }

  function drawSpan(context, { start, end, color, words, isSelected, isGhost }, ink) {
    const [x1, x2] = [toX(start), toX(end)];
    if (x2 < 0 || x1 > width) return;
    const wide = Math.max(2, x2 - x1);
    context.globalAlpha = isGhost ? 0.08 : isSelected ? 0.42 : 0.24;
    context.fillStyle = color;
    context.fillRect(x1, BAND, wide, height);
    context.globalAlpha = 1;
    context.strokeStyle = color;
    context.lineWidth = isSelected ? 2.5 : 1;
    context.setLineDash(isGhost ? [4, 4] : []);
    context.strokeRect(x1, BAND + 1, wide, height - 2);
    context.setLineDash([]);
    context.fillStyle = ink;
    if (words) context.fillText(words, Math.max(2, x1 + 2), BAND - 5, Math.max(30, wide));
  }

  function drawRuler(context, ink) {
    context.fillStyle = ink;
    const wide = Math.max(context.measureText(format(view.from)).width, context.measureText(format(view.to)).width);
    const count = Math.max(1, Math.floor(width / (1.5 * wide + 16))); // the outer ones are aligned with the ends
    for (let tick = 0; tick <= count; tick += 1) {
      const x = (width * tick) / count;
      context.textAlign = tick === 0 ? "left" : tick === count ? "right" : "center";
      context.fillText(format(toPlace(x)), x, BAND + height + 14);
    }
    context.textAlign = "left";
  }

  function drawCursor(context) {
    const at = cursor();
    if (at === null) return;
    context.fillStyle = "#e03131";
    context.fillRect(toX(at) - 0.75, BAND, 1.5, height);
  }

  function onScroll() {
    const room = last - first - (view.to - view.from);
    view.move(first + (room * Number(slider.value)) / 1000 - view.from);
    draw();
  }

  function zoom(factor, around) {
    view.zoom(factor, around);
    draw();
  }

  function onWheel(event) {
    event.preventDefault();
    if (event.ctrlKey || Math.abs(event.deltaY) > Math.abs(event.deltaX)) zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, toPlace(event.offsetX));
    else {
      view.move(event.deltaX * unit());
      draw();
    }
  }

  function onDown(event) {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event.offsetX);
    if (pointers.size > 1) return void (drag = null);
    const at = toPlace(event.offsetX);
    const grip = findGrip(spans(), at, (event.pointerType === "touch" ? FINGER : EDGE) * unit());
    drag = { x: event.offsetX, from: at, at, grip, merge: `timeline ${(dragCount += 1)}`, isMarking: false };
  }

  function onMove(event) {
    if (!pointers.has(event.pointerId)) return;
    if (pointers.size === 2) return pinch(event);
    pointers.set(event.pointerId, event.offsetX);
    if (!drag) return;
    drag.at = clampPlace(toPlace(event.offsetX));
    if (drag.grip?.edge) onResize(drag.grip.id, drag.grip.edge, drag.at, drag.merge);
    else if (Math.abs(event.offsetX - drag.x) > CLICK) drag.isMarking = true;
    draw();
  }

  function pinch(event) {
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    const before = Math.abs(pointers.get(event.pointerId) - other);
    const middle = (pointers.get(event.pointerId) + other) / 2;
    pointers.set(event.pointerId, event.offsetX);
    view.move(((middle - (event.offsetX + other) / 2) * (view.to - view.from)) / (width || 1));
    if (before > 10) zoom(Math.max(0.5, Math.min(2, Math.abs(event.offsetX - other) / before)), toPlace(middle));
  }

  function onUp(event) {
    pointers.delete(event.pointerId);
    if (!drag) return;
    const { from, at, grip, isMarking } = drag;
    drag = null;
    if (isMarking) onMark(Math.min(clampPlace(from), at), Math.max(clampPlace(from), at));
    else if (!grip?.edge) {
      onPick(grip?.id ?? null);
      onSeek(clampPlace(from));
    }
    draw();
  }

  canvas.addEventListener("wheel", onWheel, { passive: false });
  for (const [type, run] of [["pointerdown", onDown], ["pointermove", onMove], ["pointerup", onUp], ["pointercancel", onUp]]) canvas.addEventListener(type, run);

  return {
    element,
    draw,
    /** [start, end] of what is seen. */
    get seen() {
      return [view.from, view.to];
    },
    reveal(start, end) {
      view.reveal(start, end);
      draw();
    },
    show() {
      observer = new ResizeObserver(() => draw());
      observer.observe(canvas);
      draw();
    },
    hide() {
      observer?.disconnect();
      cancelAnimationFrame(frame);
      frame = null;
    },
    bindings: () => [
      { id: "timeline:in", words: "Zoom in", keys: ["+", "="], run: () => zoom(ZOOM), repeats: true },
      { id: "timeline:out", words: "Zoom out", keys: ["-"], run: () => zoom(1 / ZOOM), repeats: true },
      { id: "timeline:all", words: "Show all of it", keys: ["f"], spare: ["Shift+f"], run: () => (view.reset(), draw()) },
      { id: "timeline:left", words: "Move to what is before", keys: [","], run: () => (view.move(-(view.to - view.from) / 4), draw()), repeats: true },
      { id: "timeline:right", words: "Move to what comes after", keys: ["."], run: () => (view.move((view.to - view.from) / 4), draw()), repeats: true },
    ],
  };
}
