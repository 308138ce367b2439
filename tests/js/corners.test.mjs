// The corners of a polygon by keys.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createCorners } from "../../static/js/annotator/surfaces/image/corners.js";
import { turnShape } from "../../static/js/annotator/surfaces/image/regions.js";

function createDesk(points) {
  const desk = { region: { id: "a", shape: { points } }, shown: null, said: [] };
  desk.corners = createCorners({
    find: () => desk.region,
    write: (id, next) => (desk.region = { id, shape: { points: next } }),
    show: (point) => (desk.shown = point),
    say: (words) => desk.said.push(words),
  });
  return desk;
}

const SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]]; // prettier-ignore

test("a corner is chosen, moved, and one put in behind it and taken out again", () => {
  const desk = createDesk(SQUARE);
  desk.corners.next();
  desk.corners.next();
  desk.corners.move(2, -1);
  assert.deepEqual(desk.region.shape.points[1], [12, -1]);
  assert.deepEqual(desk.shown, [12, -1]);

  desk.corners.add();
  assert.deepEqual(desk.region.shape.points, [[0, 0], [12, -1], [11, 4.5], [10, 10], [0, 10]]); // prettier-ignore
  desk.corners.remove();
  assert.equal(desk.region.shape.points.length, 4);
});

test("a polygon keeps three corners, and another selection lets go of the corner", () => {
  const desk = createDesk(SQUARE.slice(0, 3));
  desk.corners.next();
  desk.corners.remove();
  assert.equal(desk.region.shape.points.length, 3);
  assert.match(desk.said.at(-1), /three corners/);

  desk.region = undefined;
  desk.corners.follow();
  assert.equal(desk.corners.chosen, undefined);
  assert.equal(desk.shown, null);
});

test("shapes turn about their middle", () => {
  const { points } = turnShape({ kind: "polygon", points: SQUARE }, 90);
  assert.deepEqual(points.map((point) => point.map((at) => Math.round(at) + 0)), [[10, 0], [10, 10], [0, 10], [0, 0]]); // prettier-ignore
  assert.equal(turnShape({ kind: "rectangle", rotation: 10 }, 5).rotation, 15);
  assert.deepEqual(turnShape({ kind: "keypoint", point: [1, 1] }, 5), { kind: "keypoint", point: [1, 1] });
});
