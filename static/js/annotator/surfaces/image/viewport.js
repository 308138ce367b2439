// The picture in its box: zoom, pan, turn, brightness. Moves elements; knows nothing of regions.

import * as camera from "./camera.js";
import { clamp, createFrame, viewToImage } from "./geometry.js";

const WHEEL_ZOOM = 0.0022; // per unit of wheel movement
const LINE_PX = 16; // a wheel that counts lines
const PIXELS_FROM = 4; // at this scale one looks at single pixels
const DARKEST = 0.25;
const BRIGHTEST = 4;

/** `onChange(what)` hears "camera", "turn" and "light". */
export function createViewport({ box, sheet, turned, onChange }) {
  let frame = null;
  let view = { scale: 1, x: 0, y: 0 };
  let isFitted = true;
  let light = 1;

  const room = () => ({ width: box.clientWidth, height: box.clientHeight });
  const middle = () => [box.clientWidth / 2, box.clientHeight / 2];

  function place(next) {
    view = next;
    const { scale } = view;
    sheet.style.width = `${frame.viewWidth * scale}px`;
    sheet.style.height = `${frame.viewHeight * scale}px`;
    sheet.style.transform = `translate(${view.x}px, ${view.y}px)`;
    turned.style.width = `${frame.width * scale}px`;
    turned.style.height = `${frame.height * scale}px`;
    turned.style.left = `${((frame.viewWidth - frame.width) / 2) * scale}px`;
    turned.style.top = `${((frame.viewHeight - frame.height) / 2) * scale}px`;
    turned.classList.toggle("is-pixelated", scale >= PIXELS_FROM);
    turned.style.transform = frame.turn ? `rotate(${frame.turn}deg)` : "";
    onChange("camera");
  }

  function move(next) {
    isFitted = false;
    place(next);
  }

  function fit() {
    if (!frame || !box.clientWidth || !box.clientHeight) return;
    isFitted = true;
    place(camera.fit(room(), frame));
  }

  function toBox(event) {
    const { left, top } = box.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  /** Two fingers on a trackpad pan; pinching them, or Ctrl and a wheel, zooms where the pointer is. */
  function onWheel(event) {
    if (!frame) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.ctrlKey || event.metaKey) {
      zoom(Math.exp(-clamp(dy, -200, 200) * WHEEL_ZOOM * (unit === 1 ? 2 : 1)), toBox(event));
    } else if (event.shiftKey && !dx) panBy(-dy, 0);
    else panBy(-dx, -dy);
  }

  function zoom(factor, at = middle()) {
    if (frame) move(camera.zoomAt(view, factor, at, room(), frame));
  }

  function panBy(dx, dy) {
    if (frame) move(camera.pan(view, dx, dy, room(), frame));
  }

  function setLight(value) {
    light = clamp(Math.round(value * 100) / 100, DARKEST, BRIGHTEST);
    turned.style.setProperty("--image-light", String(light));
    onChange("light");
  }

  const observer = new ResizeObserver(() => {
    if (!frame || !box.clientWidth) return;
    if (isFitted) fit();
    else place(camera.keepInSight(view, room(), frame));
  });
  observer.observe(box);
  box.addEventListener("wheel", onWheel, { passive: false });

  return {
    get frame() {
      return frame;
    },
    /** CSS pixels per pixel of the image. */
    get scale() {
      return view.scale;
    },
    get light() {
      return light;
    },
    get isFitted() {
      return isFitted;
    },
    setImage(width, height, turn = frame?.turn ?? 0) {
      frame = createFrame(width, height, turn);
      fit();
    },
    /** What is seen of the picture, in pixels of the view. */
    get seen() {
      const [left, top] = [Math.max(0, -view.x / view.scale), Math.max(0, -view.y / view.scale)];
      const right = Math.min(frame.viewWidth, (box.clientWidth - view.x) / view.scale);
      const bottom = Math.min(frame.viewHeight, (box.clientHeight - view.y) / view.scale);
      return { cx: (left + right) / 2, cy: (top + bottom) / 2, w: right - left, h: bottom - top };
    },
    /** Where an event is, in pixels of the view; may lie outside the picture. */
    locate(event) {
      const [x, y] = toBox(event);
      return [(x - view.x) / view.scale, (y - view.y) / view.scale];
    },
    toBox,
    toImage: (point) => viewToImage(point, frame),
    fit,
    zoom,
    panBy,
    zoomIn: () => zoom(camera.STEP),
    zoomOut: () => zoom(1 / camera.STEP),
    zoomTo: (bounds) => move(camera.zoomTo(bounds, room(), frame)),
    actualSize: () => move(camera.center(room(), frame, 1 / (window.devicePixelRatio || 1))),
    turnBy(degrees) {
      frame = createFrame(frame.width, frame.height, (frame.turn + degrees + 360) % 360);
      onChange("turn");
      fit();
    },
    setLight,
    brighten: (steps) => setLight(light * 1.15 ** steps),
    destroy() {
      observer.disconnect();
      box.removeEventListener("wheel", onWheel);
    },
  };
}
