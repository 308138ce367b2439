// What a person does to regions on a picture, as steps of the session: draw, change, nudge, grow, copy, paint.

import { makeKey } from "../../outbox.js";
import { snapShape, boundsOfShape, buildEntry, copyRegions, growShape, moveShape, turnShape, newKeypointValue, writeShape, TOOL_OF_TAG } from "./regions.js"; // prettier-ignore
import { nearestCorner, withCorner, withoutCorner } from "./geometry.js";
import { createCorners } from "./corners.js";
import { dragHandle } from "./marks.js";
import { createPrompting } from "./prompting.js";
import { isMoved } from "./shapes.js";

const SNAP_PX = 8;
const INSERTED_SHARE = 0.25; // of what is seen, for a shape put in by key

const FINGER_PX = 14;
const TWICE_MS = 450; // between two taps that are one gesture

const makeId = () => makeKey().replaceAll("-", "").slice(0, 10); // also over plain HTTP

/** `showCorner(point | null)` marks the corner of a polygon that keys are about. */
export function createEditing({ object, controls, session, settings, preferences, viewport, scene, say, showCorner }) {
  let lastTap = null; // {id, corner, time}
  let edits = 0; // one press on a handle is one step of undo

  const corners = createCorners({
    find: () => (session.selectedIds.length === 1 ? selectedRegions().find(({ kind }) => kind === "polygon") : undefined),
    write: (id, points, merge) => write(id, snapShape({ kind: "polygon", points }, viewport.frame, {}), { merge }),
    show: showCorner, say,
  }); // prettier-ignore

  const armedControl = () => controls.find(({ name }) => name === session.armed?.control) ?? null;
  const prompting = createPrompting({ object, controls, session, settings, preferences, armedControl });
  const reach = () => (preferences.isSnapping ? SNAP_PX / viewport.scale : 0);
  const selectedRegions = () => session.selectedIds.map((id) => scene.find(id)).filter((region) => region && !settings.regions?.isLocked(region.id));

  function armedTool() {
    const tool = TOOL_OF_TAG[armedControl()?.tag] ?? null;
    return tool === "rectangle" && preferences.isExtreme ? "extreme" : tool;
  }

  function addValue(value) {
    const control = armedControl();
    if (!control) return null;
    return session.add(buildEntry({ control, object, labels: session.armed.labels, value, frame: viewport.frame }));
  }

  function add(shape) {
    return prompting.isOn() ? prompting.ask(readValue(shape), viewport.frame, shape.isTurned) : addValue(readValue(shape));
  }

  function readValue(shape) {
    const { frame } = viewport;
    if (shape.kind === "keypoint") return newKeypointValue(shape.point, frame);
    return writeShape(snapShape(shape, frame, { reach: reach(), isMove: shape.kind === "ellipse" }), frame);
  }

  function write(id, shape, options) {
    session.update(id, writeShape(shape, viewport.frame), options);
  }

  /** An edit by a handle of Annotorious. */
  function change(id, shape, before) {
    const snapped = snapShape(shape, viewport.frame, { reach: reach(), isMove: isMoved(before, shape) });
    write(id, snapped, { merge: `edit-${edits}` });
    scene.sync(); // also when the snapped shape is what the session had
  }

  /** An edit by a handle of our own: a gesture. */
  function drag({ id, handle }, from) {
    const { shape } = scene.find(id);
    const merge = `edit-${(edits += 1)}`;
    return {
      move(to) {
        const isBody = handle === "body";
        const next = isBody ? moveShape(shape, to[0] - from[0], to[1] - from[1]) : dragHandle(shape, handle, to);
        write(id, snapShape(next, viewport.frame, { reach: isBody ? reach() : 0 }), { merge });
      },
      lift() {},
      cancel() {},
    };
  }

  /** Moves what is selected by pixels of the screen; without a selection, the picture. */
  function nudge(dx, dy) {
    if (corners.chosen) return corners.move(dx / Math.min(viewport.scale, 1), dy / Math.min(viewport.scale, 1));
    const movable = selectedRegions().filter(({ kind }) => kind !== "brush");
    if (!movable.length) return viewport.panBy(-dx * 60, -dy * 60);
    const px = 1 / Math.min(viewport.scale, 1);
    for (const { id, shape } of movable) {
      write(id, snapShape(moveShape(shape, dx * px, dy * px), viewport.frame, { isMove: true }), { merge: `nudge-${session.selectedIds}` });
    }
  }

  function grow(by) {
    const px = by / Math.min(viewport.scale, 1);
    for (const { id, kind, shape } of selectedRegions()) {
      if (kind === "brush" || kind === "keypoint") continue;
      write(id, snapShape(growShape(shape, px), viewport.frame, { isMove: true }), { merge: `grow-${session.selectedIds}` });
    }
  }

  function turn(degrees) {
    for (const { id, kind, shape } of selectedRegions()) {
      if (kind === "brush" || kind === "keypoint") continue;
      write(id, snapShape(turnShape(shape, degrees), viewport.frame, { isMove: true }), { merge: `turn-${session.selectedIds}` });
    }
  }

  /** A shape of the armed label, or a dab of the brush, in the middle of what is seen: drawing without a pointer. */
  function insert() {
    const tool = armedTool();
    if (!tool) return say("Choose a label first.");
    const { cx, cy, ...seen } = viewport.seen;
    if (tool === "brush") {
      say("A dab in the middle. Move the picture with Shift and the arrows, then dab again.");
      return paint([[cx, cy]]);
    }
    const [w, h] = [seen.w * INSERTED_SHARE, seen.h * INSERTED_SHARE];
    const corners = [[cx - w / 2, cy - h / 2], [cx + w / 2, cy - h / 2], [cx + w / 2, cy + h / 2], [cx - w / 2, cy + h / 2]]; // prettier-ignore
    add({
      rectangle: { kind: "rectangle", cx, cy, w, h, rotation: 0 },
      extreme: { kind: "rectangle", cx, cy, w, h, rotation: 0 },
      ellipse: { kind: "ellipse", cx, cy, rx: w / 2, ry: h / 2, rotation: 0 },
      polygon: { kind: "polygon", points: corners },
      keypoint: { kind: "keypoint", point: [cx, cy] },
    }[tool]); // prettier-ignore
    if (!prompting.isOn()) say("Move it with Shift and the arrows, change its size with Ctrl and the arrows.");
  }

  const copyInto = (result, options = {}) => {
    const copied = copyRegions(result, { object, frame: viewport.frame, makeId, fitBrush: scene.brush.fit, ...options });
    const count = new Set(copied.map(({ id }) => id).filter(Boolean)).size;
    if (count) session.replace([...session.result, ...copied]);
    return count;
  };

  function copyPrevious() {
    const previous = settings.previous?.() ?? settings.previousResult ?? [];
    const count = copyInto(previous);
    say(count ? `${count} ${count === 1 ? "region" : "regions"} copied from the item before.` : "The item before has no regions to copy.");
  }

  /** The selected regions once more, a little beside themselves. */
  function duplicate() {
    const ids = new Set(session.selectedIds);
    if (!ids.size) return say("Select a region first.");
    const step = 12 / viewport.scale;
    const before = new Set(session.result.map(({ id }) => id));
    copyInto(session.result.filter(({ id, from_id: from, to_id: to }) => ids.has(id) || (ids.has(from) && ids.has(to))).map(beside(step)));
    session.select([...new Set(session.result.map(({ id }) => id).filter((id) => id !== undefined && !before.has(id)))]);
  }

  const beside = (step) => (entry) => {
    const region = scene.find(entry.id);
    if (!region || region.kind === "brush" || entry.type !== region.entry.type) return entry;
    const moved = snapShape(moveShape(region.shape, step, step), viewport.frame, { isMove: true });
    return { ...entry, value: { ...entry.value, ...writeShape(moved, viewport.frame) } };
  };

  const radius = () => Math.max(0.5, (preferences.brushShare / 2) * Math.min(viewport.frame.width, viewport.frame.height));

  /** The mask a stroke belongs to: the selected one of the armed control; for the eraser, else the one it starts on. */
  function findBrush(point) {
    const control = armedControl();
    const mine = (region) => region?.kind === "brush" && region.entry.from_name === control.name && !settings.regions?.isLocked(region.id);
    const selected = session.selectedIds.map((id) => scene.find(id)).find(mine);
    const isSame = ({ entry }) => JSON.stringify(entry.value[entry.type] ?? []) === JSON.stringify(session.armed.labels);
    if (selected && (preferences.isEraser || isSame(selected))) return selected;
    return preferences.isEraser ? scene.listAt(point).find(mine) : null;
  }

  function paint(points) {
    const brush = findBrush(points[0]);
    if (!brush && preferences.isEraser) return say("There is no mask here to erase from.");
    const onImage = points.map((point) => viewport.toImage(point));
    const value = scene.brush.stroke(brush?.id, onImage, radius(), preferences.isEraser);
    if (!brush) return value && addValue(value);
    return value ? session.update(brush.id, value) : session.remove([brush.id]);
  }

  /** A click picks the region on top; on the selected one, or with `isThrough`, the one below it. */
  function pick(point, { isMore = false, isThrough = false } = {}) {
    const ids = scene.listAt(point).map(({ id }) => id);
    const had = session.selectedIds;
    if (!ids.length) return void (isMore || isThrough || (had.length && session.select([])));
    const at = ids.indexOf(had.at(-1));
    const next = ids[(at + 1) % ids.length];
    if (isMore) session.select(had.includes(ids[0]) ? had.filter((id) => id !== ids[0]) : [...had, ids[0]]);
    else if (had.length !== 1 || had[0] !== next) session.select([next]);
  }

  /**
   * A finger on the polygon that is being edited: a tap on an edge adds a corner there, two taps on a corner take it
   * away. (Annotorious does both with a mouse only.) Says whether the tap meant one of them.
   */
  function tap(point, time) {
    const region = session.selectedIds.length === 1 ? selectedRegions()[0] : null;
    if (region?.kind !== "polygon") return false;
    const reach = FINGER_PX / viewport.scale;
    const corner = nearestCorner(region.shape.points, point, reach);
    const isSecond = corner !== null && lastTap?.id === region.id && lastTap.corner === corner && time - lastTap.time < TWICE_MS;
    lastTap = corner === null ? null : { id: region.id, corner, time };
    const points = corner === null ? withCorner(region.shape.points, point, reach) : isSecond ? withoutCorner(region.shape.points, corner) : null;
    if (points) write(region.id, { kind: "polygon", points });
    return corner !== null || points !== null;
  }

  return {
    armedControl,
    armedTool,
    reach,
    radius,
    add,
    prompting,
    change,
    drag,
    nudge,
    grow,
    turn,
    corners,
    insert,
    copyPrevious,
    duplicate,
    paint,
    pick,
    tap,
    startEdit: () => void (edits += 1),
    zoomToSelected() {
      const shapes = selectedRegions().filter(({ kind }) => kind !== "brush");
      if (!shapes.length) return say("Select a region first.");
      const all = shapes.map(({ shape }) => boundsOfShape(shape));
      viewport.zoomTo({
        minX: Math.min(...all.map(({ minX }) => minX)), minY: Math.min(...all.map(({ minY }) => minY)),
        maxX: Math.max(...all.map(({ maxX }) => maxX)), maxY: Math.max(...all.map(({ maxY }) => maxY)),
      }); // prettier-ignore
    },
  };
}
