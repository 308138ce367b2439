// One task on the desk: its session, the surfaces of its objects, its controls, laid out as the configuration says.
// Built before its turn comes; `show` and `hide` are called as it comes to the screen and leaves it.

import { areMet, listCounted } from "./checks.js";
import { createPanel } from "./panel.js";
import { createPalette } from "./palette.js";
import { make } from "./dom.js";
import { isDrawing, isRelations, listControlsOf } from "./interface.js";
import { createRegionState } from "./regions.js";

/**
 * `makers` maps an object's tag to its module's createSurface; `settings` is what the page shares with surfaces:
 * {say(text), previous(): result of the item before, takesFocus: whether a text that is all there is to answer may be
 * typed at once}.
 */
export function createDesk({ view, task, session, makers, settings }) {
  const regions = createRegionState();
  const shared = { ...settings, regions, view };
  const surfaces = view.objects.map((object) => {
    const make = makers.get(object.tag);
    const controls = listControlsOf(view, object);
    return { object, ...keepMethods(make({ object, controls, task, session, settings: shared })) };
  });
  const palette = createPalette({ view, session, regions, memory: settings.memory });
  const panel = createPanel({ view, session, regions, settings: shared });
  const waiting = []; // what comes and goes with its conditions: {element, when, surface?}
  const stage = layOut(view, task, surfaces, panel, waiting);
  const ready = Promise.all(surfaces.map((surface) => surface.ready));
  let isShown = false;
  const unsubscribe = waiting.length ? session.subscribe(paintWaiting) : () => {};

  /** What a condition hides goes, and is fitted anew when it comes back. */
  function paintWaiting() {
    const selection = session.regions.filter(({ id }) => session.selectedIds.includes(id));
    for (const { element, when, surface } of waiting) {
      const isHidden = !areMet(when, { result: listCounted(view, session), selection });
      if (element.hidden === isHidden) continue;
      element.hidden = isHidden;
      if (isShown && isHidden) surface?.hide();
      if (isShown && !isHidden) surface?.show();
    }
  }

  return {
    task,
    session,
    regions,
    element: stage,
    palette: palette.element,
    panel: panel.element,
    ready,
    show() {
      if (isShown) return;
      isShown = true;
      paintWaiting();
      for (const surface of surfaces) if (!surface.element.hidden) surface.show();
      palette.armFirst();
      palette.paint();
      panel.paint();
      if (settings.takesFocus) panel.focusText();
    },
    hide() {
      if (isShown) for (const surface of surfaces) surface.hide();
      isShown = false;
    },
    /** Verbs in the order in which they may take keys. */
    verbs: () => [...palette.verbs(), ...panel.controlVerbs(), ...listSurfaceVerbs(surfaces.filter(({ element }) => !element.hidden)), ...panel.regionVerbs()],
    /** What was typed and cannot be taken: [{control, region, words}]. */
    listProblems: () => panel.listProblems(),
    markMissing: (missing) => panel.markMissing(missing),
    destroy() {
      this.hide();
      unsubscribe();
      for (const surface of surfaces) surface.destroy();
      palette.destroy();
      panel.destroy();
    },
  };
}

function keepMethods(surface) {
  return {
    element: surface.element,
    ready: surface.ready ?? Promise.resolve(),
    show: () => surface.show?.(),
    hide: () => surface.hide?.(),
    bindings: () => surface.bindings?.() ?? [],
    destroy: () => surface.destroy?.(),
  };
}

/**
 * Bindings of surfaces are {id?, key | keys, ctrl?, shift?, words, run, spare?, whileTyping?, repeats?}. What a second
 * surface does as well is a verb of its own, named after its object, so that it can be given a key.
 */
function listSurfaceVerbs(surfaces) {
  const seen = new Set();
  return surfaces.flatMap(({ object, bindings }) =>
    bindings().map((binding, index) => {
      const id = binding.id ?? `${object.tag}:${binding.words ?? index}`;
      const isAgain = seen.has(id);
      seen.add(id);
      return {
        group: "Tools",
        ...binding,
        id: isAgain ? `${id}@${object.name}` : id,
        words: isAgain && binding.words ? `${binding.words} (${object.name})` : binding.words,
        keys: binding.keys ?? [`${binding.ctrl ? "Ctrl+" : ""}${binding.shift ? "Shift+" : ""}${binding.key}`],
      };
    }),
  );
}

/** Objects and the headers before them in their order; controls go to the panel, where they are as well. */
function layOut(view, task, surfaces, panel, waiting) {
  const pair = new Set(view.controls.find(({ type }) => type === "pairwise")?.targets ?? []);
  const sides = make("div", { class: "annotator-sides" }); // two things that are compared stand side by side
  const byName = new Map(surfaces.map((surface) => [surface.object.name, surface]));
  const stage = make("div", { class: `annotator-surfaces${surfaces.length > 1 ? " has-many" : ""}` });
  let heading = null; // {text, when} stands before whatever comes next, on the stage or in the panel
  const seen = new Set();

  for (const surface of surfaces) if (surface.object.when.length) waiting.push({ element: surface.element, when: surface.object.when, surface });

  function place(nodes, around = []) {
    for (const node of nodes ?? []) {
      if (node.tag === "Filter") continue; // stands with what it searches
      const when = [...around, ...(node.when ?? [])];
      const text = node.text ?? task.data[node.field];
      if (node.ref) placeRef(node.ref);
      else if (text !== undefined) heading = { text, when };
      place(node.children, when);
    }
  }

  function buildHeading(tag) {
    const element = make(tag, { class: "annotator-heading", dir: "auto" }, heading.text);
    if (heading.when.length) waiting.push({ element, when: heading.when });
    return element;
  }

  function placeRef(name) {
    const surface = byName.get(name);
    if (seen.has(name)) return;
    seen.add(name);
    const control = view.find(name);
    if (control && (isDrawing(control) || isRelations(control))) return; // in the palette; the header waits for what is marked
    if (surface) {
      if (heading) stage.append(buildHeading("h2"));
      if (pair.has(name)) {
        surface.element.dataset.side = sides.childElementCount ? "Right" : "Left"; // said where they stand one below the other
        sides.append(surface.element);
      }
      if (sides.childElementCount === 1 && !sides.parentElement) stage.append(sides);
      if (!pair.has(name)) stage.append(surface.element);
    } else if (heading && !isWithin(heading.when, control?.when ?? [])) {
      panel.append(buildHeading("h2"));
      panel.place(name, null);
    } else panel.place(name, heading?.text);
    heading = null;
  }

  place(view.layout);
  for (const { name } of [...view.objects, ...view.controls]) placeRef(name);
  if (heading) stage.append(buildHeading("p"));
  return stage;
}

/** Whether who waits for `all` waits for each of `some` as well. */
const isWithin = (some, all) => some.every((one) => all.some((other) => JSON.stringify(one) === JSON.stringify(other)));
