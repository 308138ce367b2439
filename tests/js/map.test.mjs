// Points and colors as the browser reads them, and which points an outline holds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readColors, readPoints } from "../../static/js/modules/map-codec.js";
import { boxOutline, buildGrid, findInside } from "../../static/js/modules/map-geometry.js";

// what lifecycle.embeddings.codec writes for three points and for their colors; tests/lifecycle holds it to that
const POINTS = "R01QMQMAAAAAAAAAAADwPwAAAAAAAABAAAAAAAAAQEEAAAA/AAAAvwAAgD8AAAAAAAAAPwAAAL8AAAA+AAAAAAAA//8BAAAA";
const COLORS = "R01DMUgAAAB7ImVudHJpZXMiOiBbeyJuYW1lIjogImEiLCAiY291bnQiOiAxfV0sICJraW5kIjogImNvZGVzIiwgImNvdW50IjogM30gICAAAP//AAA=";
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64")).buffer;

test("points come out as they went in", () => {
  const points = readPoints(bytes(POINTS));
  assert.deepEqual([...points.ids], [1, 2, 2 ** 21]);
  assert.deepEqual([...points.x], [0.5, -0.5, 1]);
  assert.deepEqual([...points.y], [0.5, -0.5, 0.125]);
  assert.deepEqual([...points.clusters], [0, -1, 1]);
});

test("colors come out as they went in", () => {
  const { legend, values } = readColors(bytes(COLORS));
  assert.equal(legend.entries[0].name, "a");
  assert.deepEqual([...values], [0, 65535, 0]);
});

test("other bytes are refused", () => {
  assert.throws(() => readPoints(bytes(COLORS)));
  assert.throws(() => readColors(new ArrayBuffer(2)));
});

test("an outline holds what is inside it, also when it bends inward", () => {
  const x = Float32Array.from([0, 2, 1, 5]);
  const y = Float32Array.from([0, 2, 1.8, 5]);
  assert.deepEqual(findInside(x, y, boxOutline([-1, -1], [3, 3])), [0, 1, 2]);
  assert.deepEqual(findInside(x, y, [[-1, -1], [3, -1], [3, 3], [1, 1], [-1, 3]]), [0, 1]);
  assert.deepEqual(findInside(x, y, []), []);
});

test("the grid finds the same nearest point as a look at all", () => {
  let seed = 7;
  const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
  const x = Float32Array.from({ length: 2000 }, () => random() * 2 - 1);
  const y = Float32Array.from({ length: 2000 }, () => random() ** 3);
  const nearest = buildGrid(x, y, 40);
  for (let turn = 0; turn < 200; turn += 1) {
    const [px, py, radius] = [random() * 2.4 - 1.2, random() * 1.4 - 0.2, 0.2];
    let best = -1;
    let least = radius ** 2;
    for (let point = 0; point < x.length; point += 1) {
      const distance = (x[point] - px) ** 2 + (y[point] - py) ** 2;
      if (distance <= least) { least = distance; best = point; }
    }
    const found = nearest(px, py, radius);
    assert.equal(found < 0, best < 0);
    if (best >= 0) assert.ok(Math.abs((x[found] - px) ** 2 + (y[found] - py) ** 2 - least) < 1e-12);
  }
});

test("a point that is not accepted is passed over", () => {
  const nearest = buildGrid(Float32Array.from([0, 0.1]), Float32Array.from([0, 0]));
  assert.equal(nearest(0, 0, 1, (point) => point !== 0), 1);
});
