// Ellipses, points, and what is being drawn: an SVG of the view's size over the picture. Annotorious has no editor for
// ellipses and no turned ones, and no points.

import { makeSvg } from "../../dom.js";
import { turnPoint } from "./geometry.js";

const HANDLE_PX = 5;
const TOUCH_PX = 14;
const TURN_PX = 26; // of the handle that turns an ellipse, from its edge
const LEAST_RADIUS = 1;

const pathOf = (points) => points.map((point) => point.join(",")).join(" ");

/** Shapes as SVG elements, by kind. */
const DRAWERS = {
  rectangle: ({ cx, cy, w, h, rotation = 0 }) =>
    makeSvg("rect", { x: cx - w / 2, y: cy - h / 2, width: w, height: h, transform: `rotate(${rotation} ${cx} ${cy})` }),
  ellipse: ({ cx, cy, rx, ry, rotation = 0 }) => makeSvg("ellipse", { cx, cy, rx, ry, transform: `rotate(${rotation} ${cx} ${cy})` }),
  polygon: ({ points }) => makeSvg("polygon", { points: pathOf(points) }),
  line: ({ points }) => makeSvg("polyline", { points: pathOf(points), class: "is-line" }),
  stroke: ({ points, width }) =>
    makeSvg("polyline", { points: pathOf(points.length > 1 ? points : [points[0], points[0]]), "stroke-width": width, class: "is-stroke" }),
  keypoint: ({ point: [cx, cy], radius }, scale) => makeSvg("circle", { cx, cy, r: Math.max(radius, HANDLE_PX / scale) }),
  ring: ({ point: [cx, cy], radius }) => makeSvg("circle", { cx, cy, r: radius, class: "is-ring" }),
  dot: ({ point: [cx, cy] }, scale) => makeSvg("circle", { cx, cy, r: 3.5 / scale, class: "is-dot" }),
};

/** The handles of an ellipse: their names and where they are in the view. */
function listHandles({ cx, cy, rx, ry, rotation }, scale) {
  const at = (dx, dy) => turnPoint([cx + dx, cy + dy], rotation, [cx, cy]);
  return { right: at(rx, 0), left: at(-rx, 0), bottom: at(0, ry), top: at(0, -ry), turn: at(0, -ry - TURN_PX / scale) };
}

/** An ellipse after one of its handles was dragged to a point. */
export function dragHandle(ellipse, handle, point) {
  const { cx, cy, rotation } = ellipse;
  if (handle === "turn") {
    return { ...ellipse, rotation: (Math.atan2(point[1] - cy, point[0] - cx) * 180) / Math.PI + 90 };
  }
  const [x, y] = turnPoint(point, -rotation, [cx, cy]);
  if (handle === "left" || handle === "right") return { ...ellipse, rx: Math.max(LEAST_RADIUS, Math.abs(x - cx)) };
  return { ...ellipse, ry: Math.max(LEAST_RADIUS, Math.abs(y - cy)) };
}

export function createMarks() {
  const regionsLayer = makeSvg("g");
  const ghostLayer = makeSvg("g", { class: "image-ghosts" });
  const previewLayer = makeSvg("g", { class: "image-preview" });
  const element = makeSvg("svg", { class: "image-marks", "aria-hidden": "true" }, regionsLayer, ghostLayer);
  const overlay = makeSvg("svg", { class: "image-marks is-overlay", "aria-hidden": "true" }, previewLayer);

  function draw({ id, shape, color }, { isSelected, isEditable, scale }) {
    const body = DRAWERS[shape.kind](shape, scale);
    const group = makeSvg("g", { class: `image-mark is-${shape.kind}${isSelected ? " is-selected" : ""}`, "data-mark": id }, body);
    group.style.setProperty("--region", color);
    if (!isEditable) return group;
    body.dataset.handle = "body";
    if (shape.kind === "ellipse") group.append(...drawHandles(shape, scale));
    return group;
  }

  function drawHandles(shape, scale) {
    const handles = listHandles(shape, scale);
    const [from, to] = [handles.top, handles.turn];
    const stem = makeSvg("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: "is-stem" });
    const knobs = Object.entries(handles).flatMap(([name, [cx, cy]]) => [
      makeSvg("circle", { cx, cy, r: TOUCH_PX / scale, class: "is-halo", "data-handle": name }),
      makeSvg("circle", { cx, cy, r: HANDLE_PX / scale, class: "is-knob" }),
    ]);
    return [stem, ...knobs];
  }

  return {
    element,
    overlay,
    resize({ viewWidth, viewHeight }) {
      for (const one of [element, overlay]) one.setAttribute("viewBox", `0 0 ${viewWidth} ${viewHeight}`);
    },
    /** [{id, shape, color}]; others than ellipses and points are not drawn here, ghosts of all kinds are. */
    sync(regions, { selectedIds, editableIds, ghosts, scale }) {
      const mine = regions.filter(({ shape }) => shape.kind === "ellipse" || shape.kind === "keypoint");
      regionsLayer.replaceChildren(
        ...mine.map((region) => {
          const isSelected = selectedIds.includes(region.id);
          return draw(region, { isSelected, isEditable: isSelected && editableIds.includes(region.id), scale });
        }),
      );
      ghostLayer.replaceChildren(
        ...ghosts.map((ghost) => draw(ghost, { isSelected: false, isEditable: false, scale })),
      );
    },
    /** What is being drawn: a list of shapes, also "line", "stroke", "ring" and "dot"; an empty one clears. */
    preview(shapes, { color, scale }) {
      previewLayer.style.setProperty("--region", color);
      previewLayer.replaceChildren(...shapes.map((shape) => DRAWERS[shape.kind](shape, scale)));
    },
    /** {id, handle} of the handle an event is on, or null. */
    findHandle(event) {
      const handle = event.target instanceof Element ? event.target.closest("[data-handle]") : null;
      return handle ? { id: handle.closest("[data-mark]").dataset.mark, handle: handle.dataset.handle } : null;
    },
  };
}
