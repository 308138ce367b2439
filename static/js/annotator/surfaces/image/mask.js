// Painting on a mask of one byte per pixel. Pure; everything in pixels of the image.

/** A round brush of `radius` drawn along `points` sets its pixels to `value`. Changes `mask`. */
export function paintStroke(mask, size, points, radius, value = 1) {
  const reach = Math.max(radius, 0.71); // a brush is never thinner than the pixel it is on
  let from = points[0];
  for (const [index, to] of points.entries()) {
    const isLast = index === points.length - 1;
    if (index > 0 && !isLast && Math.hypot(to[0] - from[0], to[1] - from[1]) < reach / 8) continue; // nothing new to cover
    paintCapsule(mask, size, from, to, reach, value);
    from = to;
  }
}

/** All points within `radius` of a segment: two circles and the rectangle between them, filled row by row. */
function paintCapsule(mask, { width, height }, from, to, radius, value) {
  const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - radius));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(from[1], to[1]) + radius));
  const body = cornersOfBody(from, to, radius);
  const span = new Float64Array(2);
  for (let y = top; y <= bottom; y += 1) {
    span[0] = Infinity;
    span[1] = -Infinity;
    widenByCircle(span, from, radius, y + 0.5);
    widenByCircle(span, to, radius, y + 0.5);
    for (let i = 0; i < body.length; i += 1) widenByEdge(span, body[i], body[(i + 1) % 4], y + 0.5);
    const first = Math.max(0, Math.ceil(span[0] - 0.5));
    const last = Math.min(width - 1, Math.floor(span[1] - 0.5));
    if (first <= last) mask.fill(value, y * width + first, y * width + last + 1);
  }
}

function cornersOfBody([ax, ay], [bx, by], radius) {
  const length = Math.hypot(bx - ax, by - ay);
  if (length === 0) return [];
  const [nx, ny] = [(-(by - ay) / length) * radius, ((bx - ax) / length) * radius];
  return [[ax + nx, ay + ny], [bx + nx, by + ny], [bx - nx, by - ny], [ax - nx, ay - ny]]; // prettier-ignore
}

function widenByCircle(span, [cx, cy], radius, y) {
  const squared = radius * radius - (y - cy) * (y - cy);
  if (squared < 0) return;
  const half = Math.sqrt(squared);
  if (cx - half < span[0]) span[0] = cx - half;
  if (cx + half > span[1]) span[1] = cx + half;
}

function widenByEdge(span, [ax, ay], [bx, by], y) {
  if (ay > y === by > y) return;
  const x = ax + ((y - ay) / (by - ay)) * (bx - ax);
  if (x < span[0]) span[0] = x;
  if (x > span[1]) span[1] = x;
}

export const isEmptyMask = (mask) => !mask.includes(1);

/** The same mask on a picture of another size, each pixel from the nearest one. */
export function resizeMask(mask, from, to) {
  const resized = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y += 1) {
    const row = Math.min(from.height - 1, Math.floor(((y + 0.5) * from.height) / to.height)) * from.width;
    for (let x = 0; x < to.width; x += 1) {
      resized[y * to.width + x] = mask[row + Math.min(from.width - 1, Math.floor(((x + 0.5) * from.width) / to.width))];
    }
  }
  return resized;
}
