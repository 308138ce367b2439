// What a pointer does with a label armed: draw a box (by dragging, or by four clicks on an object's extreme points), an
// ellipse, a polygon, a point, a stroke of the brush. A tool's `press(point, event)` gives a gesture {move, lift, cancel};
// `hover`, `back`, `finish` and `cancel` are there for those that are drawn in several clicks.

import { boxAround, distance, snapPoint } from "./geometry.js";
import { isSlip } from "./regions.js";

const SLIP_PX = 4; // a press that moves less is a click
const CLOSE_PX = 12; // around a polygon's first corner
const TWICE_PX = 4; // a second click on the same corner ends a polygon
const EXTREMES = ["topmost", "rightmost", "lowest", "leftmost"];

/**
 * `desk` is {frame, scale, reach (all as functions), add(shape), pick(point), preview(shapes), say(text), brush}.
 * Lengths in view pixels, unless named _PX: those are of the screen.
 */
export function createTools(desk) {
  const px = (length) => length / desk.scale();
  const snap = (point) => snapPoint(point, desk.frame(), desk.reach());

  /** A drag between two corners; a click picks what is there. */
  function createDragTool(shapeOf) {
    let stop = null; // ends the drag that is on, without a shape
    return {
      get isBusy() {
        return stop !== null;
      },
      cancel: () => stop?.(),
      press(point) {
        const origin = snap(point);
        let shape = null;
        const end = () => {
          stop = null;
          desk.preview([]);
        };
        const cancel = () => stop === cancel && end();
        stop = cancel;
        return {
          move(next) {
            if (stop !== cancel || (!shape && distance(point, next) < px(SLIP_PX))) return;
            shape = shapeOf(origin, snap(next));
            desk.preview([shape]);
          },
          lift() {
            if (stop !== cancel) return;
            end();
            if (!shape) desk.pick(point);
            else if (!isSlip(shape, px(SLIP_PX))) desk.add(shape);
          },
          cancel,
        };
      },
    };
  }

  /** Points one after the other; `onPoints(points)` is told each time and says whether the shape is done. */
  function createClickTool({ draw, onPoint, finish }) {
    let points = [];
    let cursor = null;
    const repaint = () => desk.preview(points.length ? draw(points, cursor) : []);
    const reset = () => {
      points = [];
      cursor = null;
      desk.preview([]);
      desk.say();
    };
    return {
      get isBusy() {
        return points.length > 0;
      },
      press: () => ({
        move(next) {
          cursor = snap(next);
          repaint();
        },
        lift(at) {
          const point = snap(at);
          const before = points;
          points = [...points, point];
          if (onPoint(points, before, point)) reset();
          else repaint();
        },
        cancel() {},
      }),
      hover(point) {
        if (!points.length) return;
        cursor = snap(point);
        repaint();
      },
      back() {
        points = points.slice(0, -1);
        repaint();
      },
      finish() {
        if (finish?.(points)) reset();
      },
      cancel: reset,
    };
  }

  const dots = (points) => points.map((point) => ({ kind: "dot", point }));

  function closePolygon(points) {
    const shape = { kind: "polygon", points };
    if (isSlip(shape, px(SLIP_PX))) {
      desk.say("A polygon has three corners or more: click on, or press Esc.");
      return false;
    }
    desk.add(shape);
    return true;
  }

  const polygon = createClickTool({
    draw: (points, cursor) => [{ kind: "line", points: cursor ? [...points, cursor] : points }, ...dots(points)],
    onPoint(points, before, point) {
      if (before.length && distance(point, before.at(-1)) < px(TWICE_PX)) {
        points.pop();
        return before.length > 2 && closePolygon(before);
      }
      if (before.length > 2 && distance(point, before[0]) < px(CLOSE_PX)) {
        points.pop();
        return closePolygon(before);
      }
      desk.say(points.length < 3 ? "Click the next corner." : "Click the first corner again, or press Enter, to close.");
      return false;
    },
    finish: closePolygon,
  });

  const extreme = createClickTool({
    draw: (points) => [...(points.length > 1 ? [{ kind: "rectangle", ...boxAround(points) }] : []), ...dots(points)],
    onPoint(points) {
      if (points.length < EXTREMES.length) {
        desk.say(`Now the ${EXTREMES[points.length]} point of the object (${points.length} of 4 are set).`);
        return false;
      }
      const shape = { kind: "rectangle", ...boxAround(points) };
      if (!isSlip(shape, px(1))) desk.add(shape);
      return true;
    },
  });

  const keypoint = {
    isBusy: false,
    press: (_, event) => ({ move() {}, cancel() {}, lift: (point) => desk.add({ kind: "keypoint", point: snap(point), isTurned: Boolean(event?.altKey) }) }),
  };

  const brush = {
    isBusy: false,
    press(point) {
      const points = [point];
      const show = () => desk.preview([{ kind: "stroke", points, width: 2 * desk.brush.radius() }]);
      show();
      return {
        move(next) {
          if (distance(points.at(-1), next) < px(1)) return;
          points.push(next);
          show();
        },
        lift() {
          desk.preview([]);
          desk.brush.paint(points);
        },
        cancel: () => desk.preview([]),
      };
    },
    hover: (point) => desk.preview([{ kind: "ring", point, radius: desk.brush.radius() }]),
    leave: () => desk.preview([]),
  };

  return {
    rectangle: createDragTool((from, to) => ({ kind: "rectangle", ...boxAround([from, to]) })),
    ellipse: createDragTool((from, to) => {
      const { cx, cy, w, h } = boxAround([from, to]);
      return { kind: "ellipse", cx, cy, rx: w / 2, ry: h / 2, rotation: 0 };
    }),
    polygon,
    extreme,
    keypoint,
    brush,
  };
}

export const EXTREME_HINT = "Click the topmost point of the object, then the rightmost, the lowest and the leftmost one.";
