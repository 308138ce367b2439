// Rectangles and polygons: drawn and edited by Annotorious, which is given a transparent canvas of the view's size to
// lie on, so that the picture below can be turned. The session stays the truth; this layer follows it.

import { boundsOfShape } from "./regions.js";

const RAD = Math.PI / 180;
const KINDS = new Set(["rectangle", "polygon"]);
const SAME = 0.01; // view pixels: shapes whose sides differ by less were moved, not resized

let library = null;
/** Fetches Annotorious once; call early, so that the first item does not wait. */
export function loadShapes() {
  globalThis.process ??= { env: { NODE_ENV: "production" } }; // Annotorious' built file asks for it, as if bundled
  return (library ??= import("../../../../vendor/annotorious/annotorious.es.js"));
}

/** Annotorious listens to Ctrl+Z on the document and has an undo of its own; ours is the session's. */
function createWithoutKeys(create) {
  const { addEventListener } = document;
  document.addEventListener = (type, ...rest) => type !== "keydown" && addEventListener.call(document, type, ...rest);
  try {
    return create();
  } finally {
    delete document.addEventListener;
  }
}

function writeSelector(shape) {
  const bounds = boundsOfShape(shape);
  if (shape.kind === "polygon") return { type: "POLYGON", geometry: { points: shape.points, bounds } };
  const { cx, cy, w, h, rotation } = shape;
  return { type: "RECTANGLE", geometry: { x: cx - w / 2, y: cy - h / 2, w, h, rot: rotation * RAD, bounds } };
}

function readSelector({ type, geometry: { points, x, y, w, h, rot = 0 } }) {
  if (type === "POLYGON") return { kind: "polygon", points };
  return { kind: "rectangle", cx: x + w / 2, cy: y + h / 2, w, h, rotation: rot / RAD };
}

/** Whether an edit moved the shape as a whole. */
export function isMoved(before, after) {
  if (before.kind !== after.kind) return false;
  if (before.kind === "rectangle") return Math.abs(before.w - after.w) < SAME && Math.abs(before.h - after.h) < SAME;
  if (before.points.length !== after.points.length) return false;
  const [dx, dy] = [after.points[0][0] - before.points[0][0], after.points[0][1] - before.points[0][1]];
  const isSameStep = ([x, y], [nx, ny]) => Math.abs(nx - x - dx) < SAME && Math.abs(ny - y - dy) < SAME;
  return before.points.every((point, index) => isSameStep(point, after.points[index]));
}

function paint({ properties: { color } }, state) {
  const isStrong = state?.selected || state?.hovered;
  return { fill: color, fillOpacity: isStrong ? 0.28 : 0.14, stroke: color, strokeWidth: state?.selected ? 3 : 2 };
}

/** `onEdit(id, shape, before)` hears each change that a person makes with a handle. */
export function createShapeLayer({ host, onEdit }) {
  let annotator = null;
  let known = new Map(); // id -> JSON of what Annotorious shows
  let selected = "";
  const edited = new Map(); // id -> shape before the change

  async function attach(frame) {
    const { createImageAnnotator } = await loadShapes();
    detach();
    const canvas = document.createElement("canvas"); // never drawn on: it lends its size
    [canvas.width, canvas.height] = [frame.viewWidth, frame.viewHeight];
    host.replaceChildren(canvas);
    annotator = createWithoutKeys(() => createImageAnnotator(canvas, { drawingEnabled: false, style: paint, theme: "light" }));
    annotator.state.store.observe(hear, { origin: "LOCAL" });
    // Clicks are ours: Annotorious would pick another region, or none, by itself
    host.querySelector(".a9s-annotationlayer > .drawing").addEventListener("pointerup", (event) => event.stopPropagation());
    host.querySelector(".a9s-annotationlayer").setAttribute("tabindex", "-1");
  }

  function hear({ changes }) {
    for (const { oldValue } of changes.updated ?? []) {
      if (edited.has(oldValue.id)) continue;
      edited.set(oldValue.id, readSelector(oldValue.target.selector));
      queueMicrotask(() => tell(oldValue.id)); // once all who listen to Annotorious have heard of the change
    }
  }

  function tell(id) {
    const before = edited.get(id);
    edited.delete(id);
    const now = annotator?.state.store.getAnnotation(id);
    if (!now) return;
    known.set(id, ""); // what the session makes of it is drawn, snapped or not
    onEdit(id, readSelector(now.target.selector), before);
  }

  function detach() {
    annotator?.destroy();
    annotator = null;
    known = new Map();
    selected = "";
    host.replaceChildren();
  }

  /** Show these: [{id, shape, color}], of which `editableIds` get handles. */
  function sync(regions, selectedIds, editableIds) {
    if (!annotator) return;
    const { store } = annotator.state;
    const wanted = new Map(regions.filter(({ shape }) => KINDS.has(shape.kind)).map((region) => [region.id, region]));
    for (const id of known.keys()) {
      if (wanted.has(id)) continue;
      store.deleteAnnotation(id, "REMOTE");
      known.delete(id);
    }
    for (const { id, shape, color } of wanted.values()) {
      const text = JSON.stringify([shape, color]);
      if (known.get(id) === text) continue;
      const annotation = { id, bodies: [], properties: { color }, target: { annotation: id, selector: writeSelector(shape) } };
      if (known.has(id)) store.updateAnnotation(annotation, "REMOTE");
      else store.addAnnotation(annotation, "REMOTE");
      known.set(id, text);
    }
    const ids = selectedIds.filter((id) => wanted.has(id));
    const isEditable = ids.length === 1 && editableIds.includes(ids[0]);
    const next = JSON.stringify([ids, isEditable]);
    if (next === selected) return;
    selected = next;
    annotator.setSelected(ids.length ? ids : undefined, isEditable);
  }

  return {
    attach,
    sync,
    /** Whether an event is on a handle or the body of the region that is being edited. */
    isEditing: (event) => event.target instanceof Element && Boolean(event.target.closest(".a9s-annotation.selected")),
    /** Whether Delete would take corners away, not the region. */
    get hasCorners() {
      return host.querySelector(".a9s-handle-selected") !== null;
    },
    get isAttached() {
      return annotator !== null;
    },
    destroy: detach,
  };
}
