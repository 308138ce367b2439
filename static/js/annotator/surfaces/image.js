// The surface of an Image: its picture, what is drawn on it, and the tools for it. Built before its turn comes (the
// picture is fetched and decoded); layers and listeners are attached when it is first shown.

import { make } from "../dom.js";
import { readField } from "../interface.js";
import { createEditing } from "./image/editing.js";
import { loadPicture } from "./image/picture.js";
import { TOOL_OF_TAG } from "./image/regions.js";
import { createScene } from "./image/scene.js";
import { loadShapes } from "./image/shapes.js";
import { listenToPointers } from "./image/pointer.js";
import { createToolbar } from "./image/toolbar.js";
import { createTools, EXTREME_HINT } from "./image/tools.js";
import { listToolGroups, listVerbs } from "./image/verbs.js";
import { createViewport } from "./image/viewport.js";

/** How one likes to work: kept from item to item. `brushShare` is the brush's width by the picture's shorter side. */
const preferences = { isExtreme: false, isSmart: false, isNegative: false, isEraser: false, isOver: false, isSnapping: true, hasNames: true, brushShare: 0.04, light: 1 };

const HINTS = {
  rectangle: "Drag from corner to corner. A click selects; Shift draws over the selected box.",
  ellipse: "Drag from corner to corner of the box around it. A click selects.",
  polygon: "Click the corners; the first one again, or Enter, closes. Backspace takes one back, Esc all.",
  extreme: EXTREME_HINT,
  keypoint: "Click the point. The arrow button, or Ctrl and a click, selects.",
  brush: "Paint. Strokes add to the selected mask; the arrow button, or Ctrl and a click, selects one.",
};

export function createSurface({ object, controls, task, session, settings = {} }) {
  const isReadOnly = Boolean(settings.readOnly);
  const drawing = controls.filter(({ tag }) => TOOL_OF_TAG[tag]);
  const picture = loadPicture(readField(object, task), `Item ${task.itemId ?? task.id ?? ""}`.trim());
  const status = make("p", { class: "image-status", "aria-live": "polite" });
  const turned = make("div", { class: "image-turned" }, picture.copy, picture.image);
  const sheet = make("div", { class: "image-sheet" }, turned);
  const box = make("div", { class: "image-box", tabindex: "-1" }, sheet);
  const element = make("section", { class: "image-surface", "aria-label": "Picture" });
  const cleanups = [];
  let isShown = false;
  let isAttached = false; // layers are there, while it is shown
  let isPending = false;

  /** Without words: what one can do now. */
  const say = (words = findHint()) => void (status.textContent = words);
  const viewport = createViewport({ box, sheet, turned, onChange: hearViewport });
  const scene = createScene({
    object, controls: drawing, session, regions: settings.regions, preferences, viewport, say, isReadOnly,
    onEdit: (...edit) => editing.change(...edit),
  }); // prettier-ignore
  const editing = createEditing({ object, controls: drawing, session, settings, preferences, viewport, scene, say, showCorner: (point) => preview(point ? [{ kind: "dot", point }] : []) });
  const preview = (shapes) => scene.marks.preview(shapes, { color: previewColor(), scale: viewport.scale });
  const tools = createTools({
    frame: () => viewport.frame, scale: () => viewport.scale, reach: editing.reach, add: editing.add, pick: editing.pick,
    preview, say, brush: editing,
  }); // prettier-ignore
  const context = { drawing, editing, viewport, preferences, session, settings, isReadOnly, repaint, disarm };
  const toolbar = createToolbar(listToolGroups(context));

  turned.append(scene.brush.canvas);
  sheet.append(...scene.layers);
  element.append(toolbar.element, box, ...(drawing.length ? [status] : []));
  if (drawing.length) void loadShapes();

  const ready = picture.ready.then(() => viewport.setImage(picture.image.naturalWidth, picture.image.naturalHeight));

  function previewColor() {
    const [first] = session.armed?.labels ?? [];
    if (preferences.isEraser && editing.armedTool() === "brush") return "#868e96";
    return editing.armedControl()?.labels.find(({ value }) => value === first)?.color ?? "#4c6ef5";
  }

  function currentTool() {
    return isReadOnly ? null : (tools[editing.armedTool()] ?? null);
  }

  function hearViewport(what) {
    if (what === "light") preferences.light = viewport.light;
    if (what === "turn" && isAttached) void scene.attach();
    if (what === "camera") scene.syncMarks();
    toolbar.paint();
  }

  function findHint() {
    if (isReadOnly || !drawing.length) return "";
    return HINTS[editing.armedTool()] ?? "Choose a label to draw with, or click a region to change it.";
  }

  /** After anything that buttons, hints or names depend on. */
  function repaint() {
    toolbar.paint();
    const tool = isReadOnly ? null : editing.armedTool();
    if (box.dataset.tool !== (tool ?? "select")) cancelDrawing();
    box.dataset.tool = tool ?? "select";
    say();
    if (isAttached) scene.sync();
  }

  function cancelDrawing() {
    for (const tool of Object.values(tools)) tool.cancel?.();
    preview([]);
  }

  function disarm() {
    session.arm(null);
  }

  function hearSession({ type }) {
    if (type === "armed") {
      cancelDrawing();
      repaint();
    }
    if (isPending) return;
    isPending = true;
    queueMicrotask(() => {
      isPending = false;
      if (isAttached) scene.sync();
      editing.corners.follow();
      toolbar.paint();
    });
  }

  /** Keys that belong to what is being drawn come before the page's. */
  function onKeyCapture(event) {
    const tool = currentTool();
    if (!tool?.isBusy || event.altKey) return;
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if ((event.ctrlKey || event.metaKey) && !(isUndo && tool.back)) return;
    const run = isUndo ? () => tool.back() : { Escape: () => tool.cancel?.(), Enter: () => tool.finish?.(), Backspace: () => tool.back?.() }[event.key];
    if (!run || event.target.closest?.("input, textarea, select")) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** With corners of a polygon picked, Delete takes those; the page would take the region. */
  function onDelete(event) {
    if ((event.key === "Delete" || event.key === "Backspace") && hadCorners) event.stopPropagation();
  }
  let hadCorners = false;
  const noteCorners = () => void (hadCorners = scene.shapes.hasCorners);

  function wire() {
    cleanups.push(
      session.subscribe(hearSession),
      settings.regions?.subscribe(() => isAttached && scene.sync()) ?? (() => {}),
      listenToPointers(box, {
        tool: currentTool, isDrawingOver: () => preferences.isOver, isEditing: scene.shapes.isEditing,
        handleAt: scene.marks.findHandle, drag: editing.drag, pick: pickUnlessHandle, tap: editing.tap, locate: viewport.locate, viewport,
        startEdit: editing.startEdit, focus: () => box.focus({ preventScroll: true }),
      }),
    ); // prettier-ignore
    listen(document, "keydown", onKeyCapture, true);
    listen(element, "keydown", noteCorners, true);
    listen(element, "keydown", onDelete);
  }

  function listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    cleanups.push(() => target.removeEventListener(type, listener, options));
  }

  function pickUnlessHandle(point, options = {}) {
    if (!options.target?.closest?.(".a9s-handle, .a9s-touch-handle")) editing.pick(point, options);
  }

  async function show() {
    if (isShown) return;
    isShown = true;
    await ready;
    if (!isShown) return;
    wire();
    viewport.fit();
    viewport.setLight(preferences.light);
    repaint();
    await scene.attach();
    isAttached = true;
    if (isShown) repaint();
    else release();
  }

  function release() {
    if (isAttached) scene.release();
    isAttached = false;
  }

  function hide() {
    isShown = false;
    for (const cleanup of cleanups.splice(0)) cleanup();
    cancelDrawing();
    if (isAttached) picture.release();
    release();
  }

  return {
    element,
    ready,
    show: () => void show().catch(() => say("This picture could not be loaded.")),
    hide,
    bindings: () => listVerbs(context),
    destroy() {
      hide();
      viewport.destroy();
    },
  };
}
