// Brush masks: kept at the picture's own resolution, painted to a canvas of at most screen size over it.

import { paintStroke, isEmptyMask, resizeMask } from "./mask.js";
import { decodeMask, encodeMask } from "./rle.js";

const LARGEST_SIDE = 1600; // of the canvas
const ALPHA = 0.45;
const SELECTED_ALPHA = 0.62;

const isSameList = (one, other) =>
  one === other || (one.length === other.length && one.every((byte, index) => byte === other[index]));

let probe = null; // one pixel to paint a color on

/** A color as one number, as its four bytes lie in memory, whatever CSS calls it: "red", "rgba(0, 0, 255, 0.7)", "hsl(…)". */
function readColor(color, alpha) {
  probe ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  for (const style of ["#4c6ef5", color]) {
    probe.fillStyle = style; // the first stays, when the color is none
  }
  probe.clearRect(0, 0, 1, 1);
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return (Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red;
}

export function createBrushLayer({ onProblem }) {
  const canvas = document.createElement("canvas");
  canvas.className = "image-masks";
  canvas.setAttribute("aria-hidden", "true");
  let size = null; // {width, height} of the picture
  const masks = new Map(); // id -> {rle, mask}
  let painted = "";

  function resize(frame) {
    size = { width: frame.width, height: frame.height };
  }

  function readMask(id, rle) {
    const known = masks.get(id);
    if (known && isSameList(known.rle, rle)) return known.mask;
    let mask = new Uint8Array(size.width * size.height);
    try {
      mask = decodeMask(rle, size.width, size.height);
    } catch (error) {
      onProblem(`A mask cannot be shown. ${error.message}`);
    }
    masks.set(id, { rle, mask });
    return mask;
  }

  /** [{id, rle, color, isSelected}] in the order they lie on each other. */
  function sync(brushes) {
    const ids = new Set(brushes.map(({ id }) => id));
    for (const id of masks.keys()) if (!ids.has(id)) masks.delete(id);
    canvas.hidden = !brushes.length;
    const before = new Map(masks);
    const layers = brushes.map((brush) => ({ ...brush, mask: readMask(brush.id, brush.rle) }));
    const state = JSON.stringify([size, brushes.map(({ id, color, isSelected }) => [id, color, isSelected])]);
    if (state === painted && layers.every(({ id, mask }) => before.get(id)?.mask === mask)) return;
    painted = state;
    if (layers.length) paint(layers);
  }

  function paint(layers) {
    const shrink = Math.min(1, LARGEST_SIDE / Math.max(size.width, size.height));
    canvas.width = Math.max(1, Math.round(size.width * shrink));
    canvas.height = Math.max(1, Math.round(size.height * shrink));
    const context = canvas.getContext("2d");
    const picture = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(picture.data.buffer);
    for (const { mask, color, isSelected } of layers) {
      const shown = shrink === 1 ? mask : resizeMask(mask, size, canvas);
      const paint = readColor(color, isSelected ? SELECTED_ALPHA : ALPHA);
      for (let at = 0; at < shown.length; at += 1) if (shown[at]) pixels[at] = paint;
    }
    context.putImageData(picture, 0, 0);
  }

  return {
    canvas,
    resize,
    sync,
    /** Forget the masks; the next sync reads them again. */
    release() {
      masks.clear();
      painted = "";
      canvas.width = 1;
      canvas.height = 1;
    },
    /** Whether a point of the image, in pixels, is on the region's mask. */
    isHit(id, [x, y]) {
      const [column, row] = [Math.floor(x), Math.floor(y)];
      if (column < 0 || row < 0 || column >= size.width || row >= size.height) return false;
      return masks.get(id)?.mask[row * size.width + column] === 1;
    },
    /** The value of a brush (a new one without `id`) after a stroke; null when nothing is left of it. */
    stroke(id, points, radius, isEraser) {
      const mask = masks.get(id)?.mask.slice() ?? new Uint8Array(size.width * size.height);
      paintStroke(mask, size, points, radius, isEraser ? 0 : 1);
      return isEmptyMask(mask) ? null : { format: "rle", rle: encodeMask(mask) };
    },
    /** A stored brush of another picture as a value for this one; null when it cannot be read. */
    fit({ value, original_width: width, original_height: height }) {
      if (width === size.width && height === size.height) return value;
      try {
        const mask = resizeMask(decodeMask(value.rle, width, height), { width, height }, size);
        return isEmptyMask(mask) ? null : { ...value, rle: encodeMask(mask) };
      } catch (error) {
        onProblem(`A mask could not be copied. ${error.message}`);
        return null;
      }
    },
  };
}
