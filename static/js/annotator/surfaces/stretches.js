// Regions on a timeline: drawn with the armed label, picked, resized by hand or by keys. The same for sound and series.

import { findColor, readLabels } from "../interface.js";

/**
 * `write(start, end)` makes the place part of a value from axis places (null: too short), `read(value)` gives
 * {start, end} back; `step()` is how far a key moves an end, `first` and `last` are the ends of the axis, `findRoom()`
 * gives [start, end] for one that is marked by key. `redraw` and `reveal` are the timeline's.
 */
export function createStretches({ object, controls, session, settings, write, read, step, first, last, findRoom, extra = () => ({}) }) {
  const { view, regions, say } = settings;
  const names = new Set(controls.map(({ name }) => name));
  const drawing = controls.filter((control) => control.type.endsWith("labels"));
  const isMine = ({ main }) => names.has(main.from_name) && main.to_name === object.name;

  function describe(id, main, isGhost) {
    const place = read(main.value);
    return place && {
      ...place, id, isGhost, color: main.color ?? findColor(view, main) ?? "#4c6ef5", words: main.words ?? readLabels(main).join(", "),
      isSelected: session.selectedIds.includes(id), isLocked: regions.isLocked(id),
    }; // prettier-ignore
  }

  function listSpans() {
    const own = session.regions.filter((region) => isMine(region) && !regions.isHidden(region.id)).map(({ id, main }) => describe(id, main, false));
    const ghosts = regions.ghosts.filter((main) => names.has(main.from_name)).map((main, index) => describe(`ghost:${index}`, main, true));
    return [...own, ...ghosts].filter(Boolean);
  }

  function mark(start, end) {
    const { armed } = session;
    const control = drawing.find(({ name }) => name === armed?.control) ?? null;
    if (!control || !armed.labels.length) return say("Choose a label first: press its key.");
    const place = write(start, end);
    if (!place) return say("");
    say("");
    return session.add({ ...extra(), from_name: control.name, to_name: object.name, type: control.type, value: { ...place, [control.type]: [...armed.labels] } });
  }

  function resize(id, edge, at, merge) {
    const region = session.regions.find((one) => one.id === id && isMine(one));
    const place = region && read(region.main.value);
    if (!place || regions.isLocked(id)) return;
    const moved = { ...place, [edge]: at };
    const next = moved.start <= moved.end ? write(moved.start, moved.end) : null;
    if (next) session.update(id, next, { merge });
  }

  function nudge(edge, by) {
    const id = session.selectedIds.at(-1);
    const region = session.regions.find((one) => one.id === id && isMine(one));
    const place = region && read(region.main.value);
    if (place) resize(id, edge, Math.min(Math.max(place[edge] + by * step(), first), last), `nudge ${id} ${edge}`);
  }

  /** The selected stretch earlier or later, as long as it is. */
  function shift(by) {
    const id = session.selectedIds.at(-1);
    const region = session.regions.find((one) => one.id === id && isMine(one));
    const place = region && read(region.main.value);
    if (!place || regions.isLocked(id)) return;
    const moved = Math.min(Math.max(by * step(), first - place.start), last - place.end);
    const next = write(place.start + moved, place.end + moved);
    if (next) session.update(id, next, { merge: `shift ${id}` });
  }

  function markByKey() {
    const [start, end] = findRoom();
    mark(Math.max(first, start), Math.min(last, end));
    if (session.selectedIds.length) say("Move it with Ctrl, Shift and an arrow; its ends with one of the two and an arrow.");
  }

  const marking = { id: "stretch:mark", words: "Mark a stretch of the chosen label, without a pointer", keys: ["Shift+i"], spare: ["i"], run: markByKey };

  return {
    listSpans,
    mark,
    resize,
    pick: (id) => session.select(id === null ? [] : [id]),
    /** The selected stretch, to be scrolled to; null while none is. */
    get selected() {
      return listSpans().find((span) => span.isSelected) ?? null;
    },
    bindings: () =>
      session.selectedIds.length
        ? [
            marking,
            { id: "stretch:later", words: "Move the stretch later", keys: ["Ctrl+Shift+ArrowRight"], run: () => shift(1), repeats: true },
            { id: "stretch:earlier", words: "Move the stretch earlier", keys: ["Ctrl+Shift+ArrowLeft"], run: () => shift(-1), repeats: true },
            { id: "stretch:end-later", words: "Move the end later", keys: ["Shift+ArrowRight"], run: () => nudge("end", 1), repeats: true },
            { id: "stretch:end-earlier", words: "Move the end earlier", keys: ["Shift+ArrowLeft"], run: () => nudge("end", -1), repeats: true },
            { id: "stretch:start-later", words: "Move the beginning later", keys: ["Ctrl+ArrowRight"], run: () => nudge("start", 1), repeats: true },
            { id: "stretch:start-earlier", words: "Move the beginning earlier", keys: ["Ctrl+ArrowLeft"], run: () => nudge("start", -1), repeats: true },
          ]
        : [marking],
  };
}
