// Result entries of Label Studio as shapes in the view, and back. Pure. A shape is {kind, …} in view pixels:
// rectangle {cx, cy, w, h, rotation}, ellipse {cx, cy, rx, ry, rotation}, polygon {points}, keypoint {point, radius};
// a brush has no shape, its mask is looked at where it lies.

import * as geometry from "./geometry.js";

export const TOOL_OF_TAG = {
  RectangleLabels: "rectangle",
  PolygonLabels: "polygon",
  EllipseLabels: "ellipse",
  KeyPointLabels: "keypoint",
  BrushLabels: "brush",
};
const KIND_OF_TYPE = Object.fromEntries(
  Object.entries(TOOL_OF_TAG).map(([tag, kind]) => [tag.toLowerCase(), kind]),
);
const KEYPOINT_WIDTH = 0.5; // percent of the image's width, where nothing else is said

export const kindOf = (entry) => KIND_OF_TYPE[entry.type] ?? null;

const READERS = {
  rectangle: (value, frame) => geometry.rectangleToView(value, frame),
  ellipse: (value, frame) => geometry.ellipseToView(value, frame),
  polygon: (value, frame) => ({ points: value.points.map((point) => geometry.percentToView(point, frame)) }),
  keypoint: (value, frame) => ({
    point: geometry.percentToView([value.x, value.y], frame),
    radius: ((value.width ?? KEYPOINT_WIDTH) / 200) * frame.width,
  }),
  brush: () => ({}),
};

const WRITERS = {
  rectangle: (shape, frame) => geometry.rectangleToPercent(shape, frame),
  ellipse: (shape, frame) => geometry.ellipseToPercent(shape, frame),
  polygon: ({ points }, frame) => ({ points: points.map((point) => geometry.viewToPercent(point, frame)), closed: true }),
  keypoint: ({ point, width }, frame) => {
    const [x, y] = geometry.viewToPercent(point, frame);
    return width === undefined ? { x, y } : { x, y, width };
  },
};

/** The shape of a stored value in the view. */
export const readShape = (kind, value, frame) => ({ kind, ...READERS[kind](value, frame) });

/** The geometry part of a stored value. */
export const writeShape = (shape, frame) => WRITERS[shape.kind](shape, frame);

/** A new result entry for a control with the labels that are armed. */
export function buildEntry({ control, object, labels, value, frame }) {
  return {
    from_name: control.name,
    to_name: object.name,
    type: control.type,
    original_width: frame.width,
    original_height: frame.height,
    image_rotation: 0,
    value: { ...value, [control.type]: [...labels] },
  };
}

export const newKeypointValue = (point, frame) =>
  writeShape({ kind: "keypoint", point, width: KEYPOINT_WIDTH }, frame);

/** Whether a shape is too small to be meant: a click that slipped. `least` in view pixels. */
export function isSlip(shape, least) {
  if (shape.kind === "rectangle") return shape.w < least || shape.h < least;
  if (shape.kind === "ellipse") return shape.rx < least / 2 || shape.ry < least / 2;
  return shape.kind === "polygon" && (shape.points.length < 3 || geometry.areaOf(shape.points) < least);
}

const SNAPPERS = {
  rectangle: (shape, frame, options) => geometry.snapRectangle(shape, frame, options),
  ellipse: (shape, frame, options) => geometry.snapEllipse(shape, frame, options),
  polygon: ({ points }, frame, options) => ({ points: geometry.snapPoints(points, frame, options) }),
  keypoint: (shape, frame, { reach = 0 }) => ({ ...shape, point: geometry.snapPoint(shape.point, frame, reach) }),
};

/** The shape inside the picture; edges within `reach` of the picture's edge lie on it. */
export const snapShape = (shape, frame, options) => ({ kind: shape.kind, ...SNAPPERS[shape.kind](shape, frame, options) });

const MOVERS = {
  rectangle: (shape, dx, dy) => ({ ...shape, cx: shape.cx + dx, cy: shape.cy + dy }),
  ellipse: (shape, dx, dy) => ({ ...shape, cx: shape.cx + dx, cy: shape.cy + dy }),
  polygon: (shape, dx, dy) => ({ ...shape, points: shape.points.map(([x, y]) => [x + dx, y + dy]) }),
  keypoint: (shape, dx, dy) => ({ ...shape, point: [shape.point[0] + dx, shape.point[1] + dy] }),
};
export const moveShape = (shape, dx, dy) => MOVERS[shape.kind](shape, dx, dy);

const GROWERS = {
  rectangle: (shape, by) => ({ ...shape, w: Math.max(2, shape.w + 2 * by), h: Math.max(2, shape.h + 2 * by) }),
  ellipse: (shape, by) => ({ ...shape, rx: Math.max(1, shape.rx + by), ry: Math.max(1, shape.ry + by) }),
  polygon: (shape, by) => {
    const { cx, cy, w, h } = geometry.boxAround(shape.points);
    const factor = Math.max(0.05, 1 + (2 * by) / Math.max(w, h, 1));
    return { ...shape, points: shape.points.map(([x, y]) => [cx + (x - cx) * factor, cy + (y - cy) * factor]) };
  },
};
/** Larger (or with a negative number smaller) by so many view pixels on each side, where a shape has a size. */
export const growShape = (shape, by) => GROWERS[shape.kind]?.(shape, by) ?? shape;

const TURNERS = {
  rectangle: (shape, degrees) => ({ ...shape, rotation: shape.rotation + degrees }),
  ellipse: (shape, degrees) => ({ ...shape, rotation: shape.rotation + degrees }),
  polygon: (shape, degrees) => {
    const { cx, cy } = geometry.boxAround(shape.points);
    return { ...shape, points: shape.points.map((point) => geometry.turnPoint(point, degrees, [cx, cy])) };
  },
};
/** Turned clockwise about its middle, where a shape has a direction. */
export const turnShape = (shape, degrees) => TURNERS[shape.kind]?.(shape, degrees) ?? shape;

const HITS = {
  rectangle: (point, shape, slack) => geometry.isInRectangle(point, shape, slack),
  ellipse: (point, shape, slack) => geometry.isInEllipse(point, shape, slack),
  polygon: (point, shape, slack) => geometry.isInPolygon(point, shape.points, slack),
  keypoint: (point, shape, slack) => geometry.distance(point, shape.point) <= Math.max(shape.radius, 2 * slack),
};
export const isHit = (point, shape, slack) => HITS[shape.kind](point, shape, slack);

export function boundsOfShape(shape) {
  if (shape.kind === "rectangle") return geometry.boundsOf(geometry.listCorners(shape));
  if (shape.kind === "ellipse") return geometry.boundsOfEllipse(shape);
  return geometry.boundsOf(shape.kind === "polygon" ? shape.points : [shape.point]);
}

/** View pixels squared; what is smaller lies on top when one is picked. */
export function sizeOfShape(shape) {
  const { minX, minY, maxX, maxY } = boundsOfShape(shape);
  return (maxX - minX) * (maxY - minY);
}

/**
 * The regions of another item's result on this picture: new ids, all that is said of them, their relations.
 * `fitBrush(entry)` gives a brush's value for this picture, or null when it cannot.
 */
export function copyRegions(result, { object, frame, makeId, fitBrush }) {
  const ids = new Map();
  const values = new Map(); // of brushes: id -> value
  for (const entry of result) {
    if (entry.id === undefined || entry.to_name !== object.name || !kindOf(entry)) continue;
    const brush = kindOf(entry) === "brush" ? fitBrush(entry) : undefined;
    if (brush === null) continue;
    if (brush) values.set(entry.id, brush);
    ids.set(entry.id, makeId());
  }
  return result.flatMap((entry) => {
    if (entry.type === "relation") {
      const isCopied = ids.has(entry.from_id) && ids.has(entry.to_id);
      return isCopied ? [{ ...entry, from_id: ids.get(entry.from_id), to_id: ids.get(entry.to_id) }] : [];
    }
    if (!ids.has(entry.id)) return [];
    const value = (kindOf(entry) === "brush" && values.get(entry.id)) || entry.value;
    const copy = { ...structuredClone({ ...entry, value }), id: ids.get(entry.id) };
    if ("original_width" in entry) Object.assign(copy, { original_width: frame.width, original_height: frame.height });
    return [copy];
  });
}
