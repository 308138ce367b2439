// What is seen on the picture: the session's regions in their layers, names, ghosts of a proposal; and which one is where.

import { make } from "../../dom.js";
import { createBrushLayer } from "./brush.js";
import { createMarks } from "./marks.js";
import { boundsOfShape, isHit, kindOf, readShape, sizeOfShape } from "./regions.js";
import { createShapeLayer } from "./shapes.js";

const PLAIN_COLOR = "#4c6ef5";
const REACH_PX = 4; // how far beside a region a click still means it

/** `say(text)` is for what cannot be shown; `onEdit(id, shape, before)` hears edits by Annotorious. */
export function createScene({ object, controls, session, regions, preferences, viewport, onEdit, say, isReadOnly }) {
  const shapesHost = make("div", { class: "image-shapes" });
  const names = make("div", { class: "image-names" });
  const shapes = createShapeLayer({ host: shapesHost, onEdit });
  const marks = createMarks();
  const brush = createBrushLayer({ onProblem: say });
  let shown = []; // [{id, kind, entry, shape, color}]
  let ghosts = []; // the same, of a proposal

  const byName = new Map(controls.map((control) => [control.name, control]));

  function colorOf(entry) {
    const [first] = entry.value[entry.type] ?? [];
    return byName.get(entry.from_name)?.labels.find(({ value }) => value === first)?.color ?? PLAIN_COLOR;
  }

  const isMine = (entry) => entry.to_name === object.name && kindOf(entry) !== null;

  function read(id, entry) {
    const kind = kindOf(entry);
    return { id, kind, entry, color: colorOf(entry), shape: readShape(kind, entry.value, viewport.frame) };
  }

  const isEditable = ({ id }) => !isReadOnly && !regions?.isLocked(id);

  function sync() {
    if (!viewport.frame) return;
    const all = session.regions.filter(({ id, main }) => isMine(main) && !regions?.isHidden(id));
    shown = all.map(({ id, main }) => read(id, main));
    ghosts = (regions?.ghosts ?? []).filter(isMine).map((entry) => ({ ...read(`ghost ${entry.id}`, entry), isGhost: true }));
    const { selectedIds } = session;
    shapes.sync(shown, selectedIds, shown.filter(isEditable).map(({ id }) => id)); // prettier-ignore
    brush.sync(
      [...shown, ...ghosts]
        .filter(({ kind }) => kind === "brush")
        .map(({ id, entry, color }) => ({ id, rle: entry.value.rle, color, isSelected: selectedIds.includes(id) })),
    );
    syncMarks();
    paintNames();
  }

  /** What depends on the zoom: handles and points keep their size on the screen. */
  function syncMarks() {
    if (!viewport.frame) return;
    const editableIds = shown.filter(isEditable).map(({ id }) => id);
    const drawn = ghosts.filter(({ kind }) => kind !== "brush");
    marks.sync(shown, { selectedIds: session.selectedIds, editableIds, ghosts: drawn, scale: viewport.scale });
  }

  function paintNames() {
    names.hidden = !preferences.hasNames;
    const { viewWidth, viewHeight } = viewport.frame;
    names.replaceChildren(
      ...[...shown, ...ghosts].filter(({ kind }) => kind !== "brush").map(({ id, entry, shape, color, isGhost }) => {
        const { minX, minY } = boundsOfShape(shape);
        const isSelected = session.selectedIds.includes(id);
        return make(
          "span",
          { class: `image-name${isSelected ? " is-selected" : ""}${isGhost ? " is-ghost" : ""}`, dir: "auto",
            style: { left: `${(minX / viewWidth) * 100}%`, top: `${(minY / viewHeight) * 100}%`, "--region": color } },
          (entry.value[entry.type] ?? []).join(", "),
        );
      }),
    ); // prettier-ignore
  }

  /** The regions at a point of the view, those that lie on top first. */
  function listAt(point) {
    const slack = REACH_PX / viewport.scale;
    const isAt = ({ id, kind, shape }) => (kind === "brush" ? brush.isHit(id, viewport.toImage(point)) : isHit(point, shape, slack));
    const size = ({ kind, shape }) => (kind === "brush" ? Infinity : sizeOfShape(shape));
    return shown.filter(isAt).sort((one, other) => size(one) - size(other));
  }

  return {
    shapes,
    marks,
    brush,
    names,
    layers: [shapesHost, marks.element, marks.overlay, names],
    sync,
    syncMarks,
    listAt,
    find: (id) => shown.find((region) => region.id === id) ?? null,
    async attach() {
      marks.resize(viewport.frame);
      brush.resize(viewport.frame);
      await shapes.attach(viewport.frame);
      sync();
    },
    /** Give memory back while the item is not on screen. */
    release() {
      shapes.destroy();
      brush.release();
    },
  };
}
