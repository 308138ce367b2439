// Plane geometry of regions on an image. Pure. Three frames: percent of the image (what Label Studio stores), pixels
// of the image, and pixels of the view, which is the image turned by a multiple of 90° clockwise.

const RAD = Math.PI / 180;

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
/** Degrees in [0, 360), without the noise of floating point. */
export const normalizeAngle = (degrees) => round((((degrees % 360) + 360) % 360)) % 360; // prettier-ignore
/** Six decimals of a percent are a millionth of the picture's side: finer than any pixel. */
export const round = (value) => Math.round(value * 1e6) / 1e6;

/** A frame: image size in pixels and how far the view is turned (0, 90, 180 or 270). */
export function createFrame(width, height, turn = 0) {
  const isSideways = turn % 180 !== 0;
  return { width, height, turn, isSideways, viewWidth: isSideways ? height : width, viewHeight: isSideways ? width : height };
}

export function imageToView([x, y], { width, height, turn }) {
  if (turn === 90) return [height - y, x];
  if (turn === 180) return [width - x, height - y];
  if (turn === 270) return [y, width - x];
  return [x, y];
}

export function viewToImage([x, y], { width, height, turn }) {
  if (turn === 90) return [y, height - x];
  if (turn === 180) return [width - x, height - y];
  if (turn === 270) return [width - y, x];
  return [x, y];
}

export const percentToView = ([x, y], frame) => imageToView([(x / 100) * frame.width, (y / 100) * frame.height], frame);

export function viewToPercent(point, frame) {
  const [x, y] = viewToImage(point, frame);
  return [round((x / frame.width) * 100), round((y / frame.height) * 100)];
}

export function turnPoint([x, y], degrees, [cx, cy] = [0, 0]) {
  const cos = Math.cos(degrees * RAD);
  const sin = Math.sin(degrees * RAD);
  return [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos];
}

/**
 * A stored rectangle as {cx, cy, w, h, rotation} in the view. Label Studio turns a rectangle about its top left
 * corner; about its center the same angle holds in every view, with the sides swapped in the sideways ones.
 */
export function rectangleToView({ x, y, width, height, rotation = 0 }, frame) {
  const corner = [(x / 100) * frame.width, (y / 100) * frame.height];
  const [w, h] = [(width / 100) * frame.width, (height / 100) * frame.height];
  const middle = turnPoint([corner[0] + w / 2, corner[1] + h / 2], rotation, corner);
  const [cx, cy] = imageToView(middle, frame);
  return { cx, cy, w: frame.isSideways ? h : w, h: frame.isSideways ? w : h, rotation };
}

export function rectangleToPercent({ cx, cy, w, h, rotation = 0 }, frame) {
  const [mx, my] = viewToImage([cx, cy], frame);
  const [width, height] = frame.isSideways ? [h, w] : [w, h];
  const [x, y] = turnPoint([mx - width / 2, my - height / 2], rotation, [mx, my]);
  return {
    x: round((x / frame.width) * 100),
    y: round((y / frame.height) * 100),
    width: round((width / frame.width) * 100),
    height: round((height / frame.height) * 100),
    rotation: normalizeAngle(rotation),
  };
}

export function ellipseToView({ x, y, radiusX, radiusY, rotation = 0 }, frame) {
  const [cx, cy] = percentToView([x, y], frame);
  const [rx, ry] = [(radiusX / 100) * frame.width, (radiusY / 100) * frame.height];
  return { cx, cy, rx: frame.isSideways ? ry : rx, ry: frame.isSideways ? rx : ry, rotation };
}

export function ellipseToPercent({ cx, cy, rx, ry, rotation = 0 }, frame) {
  const [x, y] = viewToPercent([cx, cy], frame);
  const [radiusX, radiusY] = frame.isSideways ? [ry, rx] : [rx, ry];
  return {
    x,
    y,
    radiusX: round((radiusX / frame.width) * 100),
    radiusY: round((radiusY / frame.height) * 100),
    rotation: normalizeAngle(rotation),
  };
}

/** The four corners of a view rectangle, from its top left one clockwise. */
export function listCorners({ cx, cy, w, h, rotation = 0 }) {
  const [x, y] = [w / 2, h / 2];
  return [[-x, -y], [x, -y], [x, y], [-x, y]].map(([dx, dy]) => turnPoint([cx + dx, cy + dy], rotation, [cx, cy])); // prettier-ignore
}

export function boundsOf(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return { minX: Math.min(...xs), minY: Math.min(...ys), maxX: Math.max(...xs), maxY: Math.max(...ys) };
}

/** The smallest box around points: of a drag's two ends, or of the four extreme points of an object. */
export function boxAround(points) {
  const { minX, minY, maxX, maxY } = boundsOf(points);
  return { cx: (minX + maxX) / 2, cy: (minY + maxY) / 2, w: maxX - minX, h: maxY - minY, rotation: 0 };
}

const snapTo = (value, high, reach) => (value < reach ? 0 : value > high - reach ? high : value);

/** A view point kept inside the picture, and on its edge when within `reach` of it. */
export function snapPoint([x, y], frame, reach = 0) {
  return [snapTo(x, frame.viewWidth, reach), snapTo(y, frame.viewHeight, reach)];
}

/** How far to push bounds so that they lie inside the picture, and on its edge when within `reach` of one. */
function pushInside({ minX, minY, maxX, maxY }, frame, reach) {
  const along = (low, high, size) => {
    if (high - low > size) return (size - low - high) / 2;
    if (low < reach) return -low;
    return high > size - reach ? size - high : 0;
  };
  return [along(minX, maxX, frame.viewWidth), along(minY, maxY, frame.viewHeight)];
}

/** A rectangle that was moved: pushed inside. One that was resized: cut off at the edge. */
export function snapRectangle(rectangle, frame, { reach = 0, isMove = false } = {}) {
  const bounds = boundsOf(listCorners(rectangle));
  if (isMove || rectangle.rotation % 90 !== 0) {
    const [dx, dy] = pushInside(bounds, frame, reach);
    return { ...rectangle, cx: rectangle.cx + dx, cy: rectangle.cy + dy };
  }
  const corners = [[bounds.minX, bounds.minY], [bounds.maxX, bounds.maxY]]; // prettier-ignore
  const cut = boxAround(corners.map((corner) => snapPoint(corner, frame, reach)));
  const isSideways = Math.round(rectangle.rotation / 90) % 2 !== 0;
  return { ...cut, w: isSideways ? cut.h : cut.w, h: isSideways ? cut.w : cut.h, rotation: rectangle.rotation };
}

/** Points of a polygon: pushed inside as one when it was moved, else each for itself. */
export function snapPoints(points, frame, { reach = 0, isMove = false } = {}) {
  if (!isMove) return points.map((point) => snapPoint(point, frame, reach));
  const [dx, dy] = pushInside(boundsOf(points), frame, reach);
  return points.map(([x, y]) => snapPoint([x + dx, y + dy], frame));
}

/** Half the width and height of the box around a turned ellipse. */
function reachOfEllipse({ rx, ry, rotation = 0 }) {
  const [cos, sin] = [Math.cos(rotation * RAD), Math.sin(rotation * RAD)];
  return [Math.hypot(rx * cos, ry * sin), Math.hypot(rx * sin, ry * cos)];
}

export function boundsOfEllipse(ellipse) {
  const [ex, ey] = reachOfEllipse(ellipse);
  return { minX: ellipse.cx - ex, minY: ellipse.cy - ey, maxX: ellipse.cx + ex, maxY: ellipse.cy + ey };
}

export function snapEllipse(ellipse, frame, { reach = 0 } = {}) {
  const [dx, dy] = pushInside(boundsOfEllipse(ellipse), frame, reach);
  return { ...ellipse, cx: ellipse.cx + dx, cy: ellipse.cy + dy };
}

export const isInRectangle = (point, { cx, cy, w, h, rotation = 0 }, slack = 0) => {
  const [x, y] = turnPoint(point, -rotation, [cx, cy]);
  return Math.abs(x - cx) <= w / 2 + slack && Math.abs(y - cy) <= h / 2 + slack;
};

export function isInEllipse(point, { cx, cy, rx, ry, rotation = 0 }, slack = 0) {
  const [x, y] = turnPoint(point, -rotation, [cx, cy]);
  return ((x - cx) / (rx + slack)) ** 2 + ((y - cy) / (ry + slack)) ** 2 <= 1;
}

/** Even-odd rule; points within `slack` of an edge count too. */
export function isInPolygon([x, y], points, slack = 0) {
  let isInside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    const [[ax, ay], [bx, by]] = [points[i], points[j]];
    if (slack > 0 && distanceToSegment([x, y], points[i], points[j]) <= slack) return true;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside;
  }
  return isInside;
}

export function distanceToSegment([x, y], [ax, ay], [bx, by]) {
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = squared === 0 ? 0 : clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared, 0, 1);
  return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
}

/** The place of the corner within `reach` of a point, the nearest one; null when there is none. */
export function nearestCorner(points, point, reach) {
  const apart = points.map((corner) => distance(corner, point));
  const least = Math.min(...apart);
  return least <= reach ? apart.indexOf(least) : null;
}

/** A polygon with one more corner, on its edge nearest to the point; null when none is within `reach`. */
export function withCorner(points, point, reach) {
  const apart = points.map((corner, at) => distanceToSegment(point, corner, points[(at + 1) % points.length]));
  const least = Math.min(...apart);
  return least <= reach ? points.toSpliced(apart.indexOf(least) + 1, 0, point) : null;
}

/** A polygon with one corner less; null when it would be none any more. */
export const withoutCorner = (points, at) => (points.length > 3 ? points.toSpliced(at, 1) : null);

/** Shoelace formula. */
export function areaOf(points) {
  let twice = 0;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    twice += points[j][0] * points[i][1] - points[i][0] * points[j][1];
  }
  return Math.abs(twice) / 2;
}
