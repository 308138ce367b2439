import assert from "node:assert/strict";
import { test } from "node:test";

import { fit, keepInSight, pan, zoomAt } from "../../static/js/annotator/surfaces/image/camera.js";
import * as geometry from "../../static/js/annotator/surfaces/image/geometry.js";
import { copyRegions, isSlip, readShape, snapShape, writeShape } from "../../static/js/annotator/surfaces/image/regions.js";
import { isMoved } from "../../static/js/annotator/surfaces/image/shapes.js";

const TURNS = [0, 90, 180, 270];
const STORED = {
  rectangle: { x: 10, y: 20, width: 30.5, height: 12.25, rotation: 0 },
  "turned rectangle": { x: 40, y: 30, width: 20, height: 10, rotation: 33 },
  ellipse: { x: 50, y: 40, radiusX: 12, radiusY: 7, rotation: 20 },
  polygon: { points: [[1, 2], [30, 4.5], [12, 60]], closed: true },
  keypoint: { x: 12.5, y: 99 },
}; // prettier-ignore

function assertNear(actual, expected, path = "") {
  if (typeof expected === "number") assert.ok(Math.abs(actual - expected) < 1e-4, `${path}: ${actual} is not ${expected}`);
  else if (typeof expected === "object") {
    for (const key of Object.keys(expected)) assertNear(actual[key], expected[key], `${path}.${key}`);
  } else assert.equal(actual, expected);
}

for (const [name, value] of Object.entries(STORED)) {
  const kind = name.split(" ").at(-1);
  test(`a ${name} comes back as it was stored from every turn of the view`, () => {
    for (const turn of TURNS) {
      const frame = geometry.createFrame(640, 480, turn);
      assertNear(writeShape(readShape(kind, value, frame), frame), value, `${turn}`);
    }
  });
}

test("a turned view keeps every corner of a turned rectangle where it is on the image", () => {
  const flat = geometry.createFrame(640, 480);
  const corners = (frame) =>
    geometry
      .listCorners(readShape("rectangle", STORED["turned rectangle"], frame))
      .map((corner) => geometry.viewToImage(corner, frame).map((number) => number.toFixed(3)).join())
      .sort();
  for (const turn of TURNS) assert.deepEqual(corners(geometry.createFrame(640, 480, turn)), corners(flat));
});

test("Label Studio's rectangle turns about its top left corner", () => {
  const frame = geometry.createFrame(200, 100);
  const [first] = geometry.listCorners(geometry.rectangleToView({ x: 50, y: 20, width: 10, height: 20, rotation: 90 }, frame));
  assertNear(first, [100, 20]);
});

test("four extreme points make the box around them", () => {
  assert.deepEqual(geometry.boxAround([[50, 10], [90, 40], [60, 80], [20, 30]]), { cx: 55, cy: 45, w: 70, h: 70, rotation: 0 }); // prettier-ignore
});

test("what is moved over an edge is pushed back, what is resized over it is cut", () => {
  const frame = geometry.createFrame(100, 100);
  const box = { kind: "rectangle", cx: 95, cy: 50, w: 20, h: 10, rotation: 0 };
  assert.deepEqual(snapShape(box, frame, { isMove: true }), { ...box, cx: 90 });
  assert.deepEqual(snapShape(box, frame, {}), { ...box, cx: 92.5, w: 15 });
});

test("a side near the edge of the image lies on it, one farther off does not", () => {
  const frame = geometry.createFrame(100, 100);
  const near = snapShape({ kind: "rectangle", cx: 13, cy: 50, w: 20, h: 20, rotation: 0 }, frame, { reach: 5 });
  assertNear([near.cx, near.w], [11.5, 23]);
  const far = snapShape({ kind: "rectangle", cx: 20, cy: 50, w: 20, h: 20, rotation: 0 }, frame, { reach: 5 });
  assertNear([far.cx, far.w], [20, 20]);
  const points = snapShape({ kind: "polygon", points: [[3, -4], [50, 50], [20, 98]] }, frame, { reach: 5 }).points; // prettier-ignore
  assert.deepEqual(points, [[0, 0], [50, 50], [20, 100]]); // prettier-ignore
});

test("moves are told from changes of size", () => {
  const box = { kind: "rectangle", cx: 5, cy: 5, w: 4, h: 4, rotation: 0 };
  assert.equal(isMoved(box, { ...box, cx: 9 }), true);
  assert.equal(isMoved(box, { ...box, w: 5 }), false);
  const polygon = { kind: "polygon", points: [[0, 0], [4, 0], [4, 4]] }; // prettier-ignore
  assert.equal(isMoved(polygon, { kind: "polygon", points: [[1, 2], [5, 2], [5, 6]] }), true); // prettier-ignore
  assert.equal(isMoved(polygon, { kind: "polygon", points: [[1, 2], [4, 0], [4, 4]] }), false); // prettier-ignore
});

test("points are found in turned rectangles, ellipses and hollow polygons", () => {
  const box = { cx: 50, cy: 50, w: 40, h: 4, rotation: 45 };
  assert.equal(geometry.isInRectangle([60, 60], box), true);
  assert.equal(geometry.isInRectangle([60, 40], box), false);
  assert.equal(geometry.isInEllipse([50, 68], { cx: 50, cy: 50, rx: 20, ry: 5, rotation: 90 }), true);
  const hook = [[0, 0], [10, 0], [10, 10], [8, 10], [8, 2], [0, 2]]; // prettier-ignore
  assert.equal(geometry.isInPolygon([9, 8], hook), true);
  assert.equal(geometry.isInPolygon([4, 6], hook), false);
  assert.equal(geometry.isInPolygon([4, 3], hook, 1.5), true);
});

test("a click that slipped makes no shape", () => {
  assert.equal(isSlip({ kind: "rectangle", w: 2, h: 50 }, 4), true);
  assert.equal(isSlip({ kind: "polygon", points: [[0, 0], [9, 9]] }, 4), true); // prettier-ignore
  assert.equal(isSlip({ kind: "ellipse", rx: 8, ry: 8 }, 4), false);
});

test("zooming keeps what is under the pointer under it", () => {
  const [box, frame] = [{ width: 800, height: 600 }, geometry.createFrame(1600, 1200)];
  const before = fit(box, frame);
  const after = zoomAt(before, 3, [200, 150], box, frame);
  const under = ({ scale, x, y }) => [(200 - x) / scale, (150 - y) / scale];
  assertNear(under(after), under(before));
});

test("the picture can be pushed aside, never out of sight", () => {
  const [box, frame] = [{ width: 800, height: 600 }, geometry.createFrame(1600, 1200)];
  const pushed = pan(fit(box, frame), -5000, 9000, box, frame);
  assert.deepEqual(keepInSight(pushed, box, frame), pushed);
  assert.ok(pushed.x + frame.viewWidth * pushed.scale >= 48 && pushed.y <= 600 - 48);
});

test("regions of the item before come with what is said of them and their relations, under new ids", () => {
  let count = 0;
  const frame = geometry.createFrame(100, 100);
  const result = [
    { id: "a", from_name: "label", to_name: "item", type: "rectanglelabels", original_width: 7, original_height: 7, value: { x: 1 } },
    { id: "a", from_name: "size", to_name: "item", type: "choices", value: { choices: ["big"] } },
    { id: "b", from_name: "mask", to_name: "item", type: "brushlabels", value: { rle: [] } },
    { from_name: "quality", to_name: "item", type: "rating", value: { rating: 2 } },
    { id: "c", from_name: "label", to_name: "other", type: "rectanglelabels", value: { x: 2 } },
    { type: "relation", from_id: "a", to_id: "b" },
    { type: "relation", from_id: "a", to_id: "c" },
  ];
  const options = { object: { name: "item" }, frame, makeId: () => `n${++count}` };

  const copied = copyRegions(result, { ...options, fitBrush: ({ value }) => value });
  assert.deepEqual(copied.map(({ id, type }) => [id, type]), [["n1", "rectanglelabels"], ["n1", "choices"], ["n2", "brushlabels"], [undefined, "relation"]]); // prettier-ignore
  assert.deepEqual([copied[0].original_width, copied[3].from_id, copied[3].to_id], [100, "n1", "n2"]);
  const without = copyRegions(result, { ...options, fitBrush: () => null });
  assert.deepEqual(without.map(({ type }) => type), ["rectanglelabels", "choices"]);
});

test("a polygon gets a corner on the edge that is meant, and keeps three", () => {
  const square = [[0, 0], [10, 0], [10, 10], [0, 10]]; // prettier-ignore
  assert.deepEqual(geometry.withCorner(square, [-1, 5], 2), [...square, [-1, 5]]);
  assert.equal(geometry.withCorner(square, [5, 5], 2), null);
  assert.equal(geometry.nearestCorner(square, [9, 1], 2), 1);
  assert.equal(geometry.nearestCorner(square, [5, 1], 2), null);
  assert.deepEqual(geometry.withoutCorner(square, 1), [[0, 0], [10, 10], [0, 10]]); // prettier-ignore
  assert.equal(geometry.withoutCorner(square.slice(1), 0), null);
});
