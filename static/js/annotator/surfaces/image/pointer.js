// Fingers, pens and mice on the picture: who gets a press (a handle, a tool, a region, the picture itself), two fingers
// zoom and pan, the middle button, or Space held down, pans.

import { distance } from "./geometry.js";

const CLICK_PX = 4;

/**
 * `router` is {tool(): tool or null, isDrawingOver(), isEditing(event), handleAt(event), drag(handle, point), pick(point, {isMore}), tap(point, time),
 * locate(event), viewport, startEdit(), focus()}. A tool's gesture and that of `drag` are {move, lift, cancel}.
 */
export function listenToPointers(box, router) {
  const fingers = new Map(); // pointer id -> where it is in the box
  let gesture = null;
  let owner = null; // the pointer whose gesture it is
  let pinch = null;
  let isSpaceHeld = false;
  const { viewport } = router;

  function createPan(event) {
    let last = viewport.toBox(event);
    return {
      move(point, next) {
        const now = viewport.toBox(next);
        viewport.panBy(now[0] - last[0], now[1] - last[1]);
        last = now;
      },
      lift() {},
      cancel() {},
    };
  }

  /** No label is armed: a click picks a region, a drag moves the picture. */
  function createPickOrPan(event, point) {
    const start = viewport.toBox(event);
    let pan = null;
    return {
      move(to, next) {
        if (!pan && distance(start, viewport.toBox(next)) < CLICK_PX) return;
        pan ??= createPan(event);
        pan.move(to, next);
      },
      lift: () => pan ?? router.pick(point, { isMore: event.ctrlKey || event.metaKey || event.shiftKey }),
      cancel() {},
    };
  }

  /** Annotorious has the press; what is left for us is that a click goes through to the region below. */
  function createPassing(event, point) {
    const start = viewport.toBox(event);
    let isClick = true;
    router.startEdit();
    return {
      isPassing: true,
      move(to, next) {
        if (distance(start, viewport.toBox(next)) >= CLICK_PX) isClick = false;
      },
      lift(to, last) {
        if (!isClick) return;
        if (event.pointerType === "touch" && router.tap(point, last.timeStamp)) return;
        router.pick(point, { isThrough: true, target: event.target });
      },
      cancel() {},
    };
  }

  function choose(event, point) {
    if (event.button === 1 || event.button === 2 || isSpaceHeld) return createPan(event);
    const tool = router.tool();
    const isForced = tool && (event.shiftKey || router.isDrawingOver()); // over the region that is being edited
    if (!isForced && router.isEditing(event)) return createPassing(event, point);
    const handle = isForced ? null : router.handleAt(event);
    if (handle) return router.drag(handle, point);
    return tool && !event.ctrlKey && !event.metaKey ? tool.press(point, event) : createPickOrPan(event, point);
  }

  function startPinch() {
    gesture?.cancel();
    gesture = null;
    const [one, other] = [...fingers.values()];
    pinch = { apart: distance(one, other), middle: [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2] };
  }

  function movePinch() {
    const [one, other] = [...fingers.values()];
    const [apart, middle] = [distance(one, other), [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2]];
    viewport.panBy(middle[0] - pinch.middle[0], middle[1] - pinch.middle[1]);
    if (pinch.apart > 0) viewport.zoom(apart / pinch.apart, middle);
    pinch = { apart, middle };
  }

  function onDown(event) {
    if (!viewport.frame || event.target.closest?.("button, input")) return;
    if (event.pointerType === "touch") fingers.set(event.pointerId, viewport.toBox(event));
    if (fingers.size === 2) {
      if (!gesture?.isPassing) startPinch();
      return;
    }
    if (gesture || pinch) return;
    owner = event.pointerId;
    gesture = choose(event, router.locate(event));
    if (gesture.isPassing) return;
    event.preventDefault();
    if (router.isEditing(event)) event.stopPropagation(); // Annotorious is not to start an edit of its own
    router.focus();
    box.setPointerCapture(event.pointerId);
  }

  function onMove(event) {
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, viewport.toBox(event));
    if (pinch) {
      if (fingers.size === 2) movePinch();
    } else if (gesture && event.pointerId === owner) {
      const steps = gesture.isPassing ? [] : (event.getCoalescedEvents?.() ?? []);
      for (const step of steps.length ? steps : [event]) gesture?.move(router.locate(step), step);
    } else if (!gesture && viewport.frame) router.tool()?.hover?.(router.locate(event), event);
  }

  function onUp(event) {
    fingers.delete(event.pointerId);
    if (pinch) {
      if (!fingers.size) pinch = null;
      return;
    }
    if (!gesture || event.pointerId !== owner) return;
    const done = gesture;
    gesture = null;
    if (event.type === "pointercancel") done.cancel();
    else done.lift(router.locate(event), event);
  }

  function onLeave() {
    if (!gesture) router.tool()?.leave?.();
  }

  function onKey(event) {
    if (event.key !== " " || event.target.closest?.("input, textarea, select, button")) return;
    isSpaceHeld = event.type === "keydown";
    box.classList.toggle("is-panning", isSpaceHeld);
  }

  const noMenu = (event) => event.preventDefault(); // the right button pans
  const listeners = [
    [box, "pointerdown", onDown, true],
    [box, "pointermove", onMove, true],
    [box, "pointerup", onUp, true],
    [box, "pointercancel", onUp, true],
    [box, "pointerleave", onLeave, false],
    [box, "contextmenu", noMenu, false],
    [document, "keydown", onKey, false],
    [document, "keyup", onKey, false],
  ];
  for (const [target, type, listener, capture] of listeners) target.addEventListener(type, listener, capture);
  return () => {
    for (const [target, type, listener, capture] of listeners) target.removeEventListener(type, listener, capture);
  };
}
