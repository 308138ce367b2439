// A plain picture to look at: zoom, pan, turn, brightness. One box for all pictures of the page, since building one for
// each would cost what preparing items ahead saves; the brightness stays from item to item, the rest starts anew.

import { make } from "./dom.js";
import { listenToPointers } from "./surfaces/image/pointer.js";
import { createToolbar } from "./surfaces/image/toolbar.js";
import { listLookingTools, listLookingVerbs } from "./surfaces/image/verbs.js";
import { createViewport } from "./surfaces/image/viewport.js";

const PAN_PX = 48; // by one press of an arrow key

/** `show(image)` puts a decoded <img> into `element`; `verbs()` are the page's, while one is shown. */
export function createLooker() {
  const turned = make("div", { class: "image-turned" });
  const sheet = make("div", { class: "image-sheet" }, turned);
  const box = make("div", { class: "image-box", tabindex: "-1", "data-tool": "select" }, sheet);
  const viewport = createViewport({ box, sheet, turned, onChange: () => toolbar.paint() });
  const toolbar = createToolbar([listLookingTools(viewport)]);
  const element = make("section", { class: "image-surface is-plain", "aria-label": "Picture" }, toolbar.element, box);
  const nudge = (dx, dy) => viewport.panBy(-dx * PAN_PX, -dy * PAN_PX);
  const verbs = listLookingVerbs(viewport, nudge).map((verb) => ({ group: "Picture", ...verb }));

  const stopListening = listenToPointers(box, {
    tool: () => null, isDrawingOver: () => false, isEditing: () => false, handleAt: () => null, pick() {}, tap: () => false,
    locate: viewport.locate, viewport, startEdit() {}, focus: () => box.focus({ preventScroll: true }),
  }); // prettier-ignore
  box.addEventListener("dblclick", toggleZoom);

  /** Twice on a spot: near, or the whole picture again. */
  function toggleZoom(event) {
    if (viewport.isFitted) viewport.zoom(3, viewport.toBox(event));
    else viewport.fit();
  }

  return {
    element,
    verbs: () => verbs,
    show(image) {
      turned.replaceChildren(image);
      viewport.setImage(image.naturalWidth, image.naturalHeight, 0);
    },
    destroy() {
      stopListening();
      viewport.destroy();
    },
  };
}
