import assert from "node:assert/strict";
import { test } from "node:test";

import { isEmptyMask, paintStroke, resizeMask } from "../../static/js/annotator/surfaces/image/mask.js";
import { decodeMask, encodeMask } from "../../static/js/annotator/surfaces/image/rle.js";

/** label_studio_sdk.converter.brush.mask2rle of [[0, 255, 255], [0, 0, 255]]. */
const FROM_LABEL_STUDIO = [0, 0, 0, 24, 57, 27, 252, 96, 19, 255, 206, 1, 31, 248];

function makeNoise(size, seed = 7) {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648 < 0.3 ? 1 : 0;
  });
}

test("masks come back from their bytes, whatever the runs", () => {
  const masks = [new Uint8Array(1), new Uint8Array(70_000), new Uint8Array(70_000).fill(1), makeNoise(5_000)];
  for (const mask of masks) assert.deepEqual(decodeMask(encodeMask(mask), mask.length, 1), mask);
});

test("bytes of Label Studio's own converter are read and written", () => {
  const mask = Uint8Array.from([0, 1, 1, 0, 0, 1]);
  assert.deepEqual(decodeMask(FROM_LABEL_STUDIO, 3, 2), mask);
  assert.deepEqual(encodeMask(mask), FROM_LABEL_STUDIO);
});

test("bytes that are spelled out one by one are read, of a picture whose color is not its alpha", () => {
  const bits = [[8, 32], [7, 5], [2, 4], [3, 4], [7, 4], [15, 4], [0, 1], [0, 2], [7, 3], ...[9, 8, 7, 0, 0, 0, 0, 200].map((byte) => [byte, 8])]; // prettier-ignore
  const text = bits.map(([value, count]) => value.toString(2).padStart(count, "0")).join("");
  const bytes = text.match(/.{1,8}/g).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
  assert.deepEqual(decodeMask(bytes, 2, 1), Uint8Array.from([0, 1]));
});

test("a mask of another picture's size is refused", () => {
  assert.throws(() => decodeMask(encodeMask(new Uint8Array(6)), 2, 2), RangeError);
});

test("a stroke sets the pixels within its radius and no others, also beyond the edge", () => {
  const size = { width: 40, height: 30 };
  const mask = new Uint8Array(size.width * size.height);
  const [from, to, radius] = [[-3, 4], [31.5, 22], 3.4]; // prettier-ignore
  paintStroke(mask, size, [from, to], radius);

  for (let y = 0; y < size.height; y += 1) {
    for (let x = 0; x < size.width; x += 1) {
      const along = Math.min(1, Math.max(0, ((x + 0.5 - from[0]) * (to[0] - from[0]) + (y + 0.5 - from[1]) * (to[1] - from[1])) / Math.hypot(to[0] - from[0], to[1] - from[1]) ** 2));
      const apart = Math.hypot(x + 0.5 - from[0] - along * (to[0] - from[0]), y + 0.5 - from[1] - along * (to[1] - from[1]));
      assert.equal(mask[y * size.width + x], apart <= radius ? 1 : 0, `${x},${y}`);
    }
  }
  paintStroke(mask, size, [from, to], radius, 0);
  assert.equal(isEmptyMask(mask), true);
});

test("the thinnest brush still leaves a pixel", () => {
  const mask = new Uint8Array(9);
  paintStroke(mask, { width: 3, height: 3 }, [[1, 1.02]], 0.1);
  assert.equal(isEmptyMask(mask), false);
});

test("a mask on a picture of another size covers the same part of it", () => {
  const mask = Uint8Array.from([0, 1, 0, 1]);
  assert.deepEqual(resizeMask(mask, { width: 2, height: 2 }, { width: 4, height: 2 }), Uint8Array.from([0, 0, 1, 1, 0, 0, 1, 1]));
});
