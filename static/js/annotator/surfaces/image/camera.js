// Where the picture lies in its box and how large: zoom about a point, pan, fit. Pure; everything in CSS pixels.

import { clamp } from "./geometry.js";

export const STEP = 1.25;
const LARGEST = 40; // CSS pixels per pixel of the image
const SEEN_PX = 448;
const KEPT_IN_SIGHT = 48; // so much of the picture always stays in the box

/** The largest scale at which the whole picture is seen; small pictures are enlarged, tiny ones until one can see them. */
export function fit(box, frame, margin = 12) {
  const room = { width: Math.max(1, box.width - 2 * margin), height: Math.max(1, box.height - 2 * margin) };
  const scale = Math.min(room.width / frame.viewWidth, room.height / frame.viewHeight, Math.max(4, SEEN_PX / Math.max(frame.viewWidth, frame.viewHeight)));
  return center(box, frame, scale);
}

export function center(box, frame, scale) {
  return { scale, x: (box.width - frame.viewWidth * scale) / 2, y: (box.height - frame.viewHeight * scale) / 2 };
}

/** Zoom by `factor`; what lies under the point (in the box) stays under it. */
export function zoomAt(camera, factor, [px, py], box, frame) {
  const smallest = Math.min(fit(box, frame).scale / 2, 1);
  const scale = clamp(camera.scale * factor, smallest, LARGEST);
  const ratio = scale / camera.scale;
  return keepInSight({ scale, x: px - (px - camera.x) * ratio, y: py - (py - camera.y) * ratio }, box, frame);
}

export const pan = (camera, dx, dy, box, frame) => keepInSight({ ...camera, x: camera.x + dx, y: camera.y + dy }, box, frame);

export function keepInSight({ scale, x, y }, box, frame) {
  const along = (at, size, room) => clamp(at, Math.min(KEPT_IN_SIGHT, room / 2) - size, room - Math.min(KEPT_IN_SIGHT, room / 2));
  return { scale, x: along(x, frame.viewWidth * scale, box.width), y: along(y, frame.viewHeight * scale, box.height) };
}

/** The camera that fits bounds of the view into the box, for "zoom to the selected region". */
export function zoomTo({ minX, minY, maxX, maxY }, box, frame) {
  const [width, height] = [Math.max(maxX - minX, 1), Math.max(maxY - minY, 1)];
  const scale = clamp(Math.min((box.width * 0.6) / width, (box.height * 0.6) / height), fit(box, frame).scale, LARGEST);
  const [cx, cy] = [(minX + maxX) / 2, (minY + maxY) / 2];
  return keepInSight({ scale, x: box.width / 2 - cx * scale, y: box.height / 2 - cy * scale }, box, frame);
}
