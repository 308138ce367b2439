// Painting on a mask of one byte per pixel. Pure; everything in pixels of the image.

/** A round brush of `radius` drawn along `points` sets its pixels to `value`. Changes `mask`. */
export function paintStroke(mask, { width, height }, points, radius, value = 1) {
  const reach = Math.max(radius, 0.71); // a brush is never thinner than the pixel it is on
  for (let i = 0; i < points.length; i += 1) {
    const [from, to] = [points[Math.max(0, i - 1)], points[i]];
    const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - reach));
    const bottom = Math.min(height - 1, Math.ceil(Math.max(from[1], to[1]) + reach));
    for (let y = top; y <= bottom; y += 1) {
      const [low, high] = rowOfCapsule(from, to, reach, y + 0.5);
      const first = Math.max(0, Math.ceil(low - 0.5));
      const last = Math.min(width - 1, Math.floor(high - 0.5));
      if (first <= last) mask.fill(value, y * width + first, y * width + last + 1);
    }
  }
}

/** What a line at `y` shares with all points within `radius` of a segment: one interval, as the shape is convex. */
function rowOfCapsule(from, to, radius, y) {
  const spans = [rowOfCircle(from, radius, y), rowOfCircle(to, radius, y), rowOfBody(from, to, radius, y)];
  return [Math.min(...spans.map(([low]) => low)), Math.max(...spans.map(([, high]) => high))];
}

function rowOfCircle([cx, cy], radius, y) {
  const half = Math.sqrt(radius ** 2 - (y - cy) ** 2);
  return Number.isNaN(half) ? [Infinity, -Infinity] : [cx - half, cx + half];
}

function rowOfBody([ax, ay], [bx, by], radius, y) {
  const length = Math.hypot(bx - ax, by - ay);
  if (length === 0) return [Infinity, -Infinity];
  const [nx, ny] = [(-(by - ay) / length) * radius, ((bx - ax) / length) * radius];
  const corners = [[ax + nx, ay + ny], [bx + nx, by + ny], [bx - nx, by - ny], [ax - nx, ay - ny]]; // prettier-ignore
  const crossings = corners.flatMap(([px, py], index) => {
    const [qx, qy] = corners[(index + 1) % 4];
    return py > y !== qy > y ? [px + ((y - py) / (qy - py)) * (qx - px)] : [];
  });
  return [Math.min(...crossings), Math.max(...crossings)];
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
