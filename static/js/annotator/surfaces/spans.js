// Marking stretches of a text: selection to region, regions to highlights. What a value looks like is the caller's.
// Highlights are drawn and hit by Recogito's text annotator; selections are read here, so that mouse, touch and keys
// do the same.

import { findColor, readLabels } from "../interface.js";
import { cleanRange, findWord, widenToWords } from "../offsets.js";
import { createHandles } from "./span-handles.js";
import { createOverlay } from "./span-overlay.js";

const TOUCH_WAIT_MS = 350;
const SETTLE_MS = 200;
const GHOST = "ghost:";
let library = null;

/** The library is a classic script that asks for Node's mode; imported as a module it sets its global all the same. */
export function loadLibrary() {
  globalThis.process ??= { env: { NODE_ENV: "production" } };
  library ??= import(new URL("../../../vendor/text-annotator/text-annotator.umd.js", import.meta.url)).then(() => globalThis.RecogitoJS);
  return library;
}

/** Everything of a text that is read here: its characters in the order of its text nodes. */
export const readText = (element) => element.textContent;

/** UTF-16 offset of a place in the DOM, counted over the text nodes of `root`. */
export function offsetOf(root, node, offset) {
  const range = document.createRange();
  range.setStart(root, 0);
  range.setEnd(node, offset);
  return range.toString().length;
}

/** A DOM range over UTF-16 offsets; null where the text is shorter. */
export function rangeOf(root, start, end) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let passed = 0;
  let isOpen = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const until = passed + node.length;
    if (!isOpen && start < until) {
      range.setStart(node, start - passed);
      isOpen = true;
    }
    if (isOpen && end <= until) {
      range.setEnd(node, end - passed);
      return range;
    }
    passed = until;
  }
  return null;
}

/**
 * `content` is the element with the text; `write(start, end)` makes the place part of a value from UTF-16 offsets,
 * `read(value)` gives {start, end} back, or null for one that is not in this text.
 */
export function createSpans({ object, content, controls, session, settings, write, read }) {
  const { view, regions, say } = settings;
  const names = new Set(controls.map(({ name }) => name));
  const isMine = ({ main }) => names.has(main.from_name) && main.to_name === object.name;
  const drawing = controls.filter((control) => control.type.endsWith("labels"));
  const overlay = createOverlay(content);
  const handles = createHandles({ layer: overlay.layer, origin: () => content.getBoundingClientRect(), onDrag: dragTo });
  let annotator = null;
  let lastArmed = null;
  let pending = null; // a selection that waits for its label: {start, end}
  let markedAt = -Infinity;
  let touchTimer = null;
  const cleanups = [];

  function listSpans() {
    const spans = session.regions.filter(isMine).map(({ id, main }) => ({ id, main, place: read(main.value) }));
    const ghosts = regions.ghosts.filter((main) => names.has(main.from_name)).map((main, index) => ({ id: `${GHOST}${index}`, main, place: read(main.value) }));
    return [...spans.filter(({ id }) => !regions.isHidden(id)), ...ghosts].filter(({ place }) => place);
  }

  function styleOf(annotation, state) {
    const [body] = annotation.bodies;
    const fill = body?.value ?? "#4c6ef5";
    if (annotation.id.startsWith(GHOST)) return { fill, fillOpacity: 0.08, underlineColor: fill, underlineStyle: "dashed", underlineThickness: 2 };
    const isSelected = session.selectedIds.includes(annotation.id);
    return { fill, fillOpacity: isSelected ? 0.5 : state?.hovered ? 0.36 : 0.24, underlineColor: fill, underlineStyle: "solid", underlineThickness: isSelected ? 3 : 2 };
  }

  function paint() {
    if (!annotator) return;
    const text = readText(content);
    const spans = listSpans();
    const shown = spans.map(({ id, main, place }) => ({
      id,
      bodies: [{ id: `${id}-color`, annotation: id, purpose: "tagging", value: findColor(view, main) ?? "#4c6ef5" }],
      target: { annotation: id, selector: [{ quote: text.slice(place.start, place.end), start: place.start, end: place.end }], created: new Date(0) },
    }));
    annotator.setAnnotations(shown, true);
    annotator.setStyle(styleOf);
    overlay.paint(
      spans.map(({ id, main, place }) => ({ id, range: rangeOf(content, place.start, place.end), words: readLabels(main).join(", "), color: findColor(view, main) })),
      session.relations,
    );
    paintHandles(text);
  }

  function paintHandles(text) {
    const id = session.selectedIds.at(-1);
    const place = regions.isLocked(id) || regions.isHidden(id) ? null : findSelected();
    if (!place) return handles.paint(null);
    const boxOf = (start, end) => rangeOf(content, start, end)?.getClientRects()[0] ?? null;
    const boxes = { start: boxOf(place.start, stepOver(text, place.start)), end: boxOf(stepBack(text, place.end), place.end) };
    handles.paint(boxes.start && boxes.end ? boxes : null);
  }

  /** An end of the selected span was dragged to this place in the text; it stays a span. */
  function dragTo(edge, { node, offset }, merge) {
    const [id, place] = [session.selectedIds.at(-1), findSelected()];
    if (!place || !content.contains(node)) return;
    const wanted = { ...place, [edge]: offsetOf(content, node, offset) };
    const moved = wanted.start < wanted.end ? tidy(wanted.start, wanted.end) : null;
    if (moved) session.update(id, write(moved.start, moved.end), { merge });
  }

  function readSelection() {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!content.contains(range.startContainer) && !content.contains(range.endContainer)) return null;
    const start = content.contains(range.startContainer) ? offsetOf(content, range.startContainer, range.startOffset) : 0;
    const end = content.contains(range.endContainer) ? offsetOf(content, range.endContainer, range.endOffset) : readText(content).length;
    return tidy(start, end);
  }

  function tidy(start, end) {
    const text = readText(content);
    const place = cleanRange(text, start, end);
    return place && object.attrs?.granularity === "word" ? widenToWords(text, place.start, place.end) : place;
  }

  /** A region over the selection with the armed label; without one the selection waits for a label's key. */
  function mark(place) {
    const { armed } = session;
    const control = drawing.find(({ name }) => name === armed?.control);
    if (!control?.labels.length || !armed.labels.length) {
      pending = place;
      say("Now press the key of a label, or choose it above.");
      return;
    }
    pending = null;
    markedAt = performance.now(); // the end of this drag is no click on what it marked
    document.getSelection().removeAllRanges();
    say("");
    const same = session.regions.filter(isMine).find(({ main }) => isSamePlace(read(main.value), place) && readLabels(main)[0] === armed.labels[0]);
    if (same) return session.select([same.id]);
    session.add({
      from_name: control.name, to_name: object.name, type: control.type,
      value: { ...write(place.start, place.end), [control.type]: [...armed.labels] },
    }); // prettier-ignore
  }

  function onPointerUp(event) {
    if (event.pointerType === "touch" || event.button !== 0) return;
    setTimeout(() => {
      const place = readSelection(); // the browser settles the selection after the event
      if (place) mark(place);
    });
  }

  function onSelectionChange() {
    clearTimeout(touchTimer);
    if (!wasTouched) return;
    touchTimer = setTimeout(() => {
      pending = readSelection();
      if (pending) say("Tap a label above for what you selected.");
    }, TOUCH_WAIT_MS);
  }

  let wasTouched = false;
  const onPointerDown = (event) => {
    if (!content.contains(event.target)) return;
    wasTouched = event.pointerType === "touch";
  };

  function onClick(event) {
    if (!document.getSelection().isCollapsed || event.target.closest("a")) return;
    const { left, top } = content.getBoundingClientRect();
    if (annotator && !annotator.state.store.getAt(event.clientX - left, event.clientY - top)) session.select([]);
  }

  /** A label that is chosen while a selection waits is put on it, also when it was armed already. */
  function hearArmed() {
    if (session.armed) lastArmed = session.armed;
    if (!pending) return;
    if (session.armed) mark(pending);
    else if (lastArmed) session.arm(lastArmed);
  }

  function onSession({ type }) {
    if (type === "armed") hearArmed();
    paint();
    if (type === "selected") scrollToSelected();
  }

  function scrollToSelected() {
    const id = session.selectedIds.at(-1);
    const span = listSpans().find((one) => one.id === id);
    rangeOf(content, span?.place.start ?? 0, span?.place.end ?? 0)?.startContainer.parentElement?.scrollIntoView?.({ block: "nearest" });
  }

  /** Move an end of the selected span by one character, as people see characters. */
  function stretch(edge, by) {
    const id = session.selectedIds.at(-1);
    const region = session.regions.find((one) => one.id === id && isMine(one));
    const place = region && read(region.main.value);
    if (!place || regions.isLocked(id)) return;
    const text = readText(content);
    const at = by > 0 ? stepOver(text, place[edge]) : stepBack(text, place[edge]);
    const moved = { ...place, [edge]: at };
    if (moved.start >= moved.end || at < 0 || at > text.length) return;
    session.update(id, write(moved.start, moved.end), { merge: `stretch ${id}` });
  }

  /** Where the selected span is; null while none is. */
  function findSelected() {
    const region = session.regions.find((one) => one.id === session.selectedIds.at(-1) && isMine(one));
    return region ? read(region.main.value) : null;
  }

  /** Select by words, without a mouse, on from what was marked: the next label's key marks what is selected. */
  function walk(by, isMore) {
    const marked = findSelected();
    if (session.selectedIds.length) session.select([]);
    const text = readText(content);
    const from = pending ?? marked ?? { start: by > 0 ? 0 : text.length, end: by > 0 ? 0 : text.length };
    const word = isMore && by < 0 ? findWord(text, { start: from.end - 1, end: from.end }, -1) : findWord(text, from, by);
    if (!word) return;
    if (!isMore || !pending) pending = word;
    else if (by > 0) pending = { start: pending.start, end: word.end };
    else if (word.end > pending.start) pending = { start: pending.start, end: word.end };
    const range = rangeOf(content, pending.start, pending.end);
    document.getSelection().setBaseAndExtent(range.startContainer, range.startOffset, range.endContainer, range.endOffset);
    range.startContainer.parentElement.scrollIntoView({ block: "nearest" });
    say("Press the key of a label to mark this.");
  }

  function listen(target, type, listener) {
    target.addEventListener(type, listener);
    cleanups.push(() => target.removeEventListener(type, listener));
  }

  return {
    async show() {
      const { createTextAnnotator } = await loadLibrary();
      if (annotator || !content.isConnected) return;
      lastArmed = session.armed;
      annotator = createTextAnnotator(content, { annotatingEnabled: false, selectionMode: "shortest", style: styleOf });
      annotator.on("clickAnnotation", (hit) => {
        const { id } = Array.isArray(hit) ? hit[0] : hit;
        if (!id.startsWith(GHOST) && performance.now() - markedAt > SETTLE_MS) session.select([id]);
      });
      cleanups.push(session.subscribe(onSession), regions.subscribe(paint));
      listen(document, "pointerdown", onPointerDown);
      listen(content, "pointerup", onPointerUp);
      listen(content, "click", onClick);
      listen(document, "selectionchange", onSelectionChange);
      const observer = new ResizeObserver(() => paint());
      observer.observe(content);
      cleanups.push(() => observer.disconnect());
      paint();
    },
    hide() {
      clearTimeout(touchTimer);
      pending = null;
      for (const cleanup of cleanups.splice(0)) cleanup();
      annotator?.destroy();
      annotator = null;
      overlay.clear();
    },
    bindings() {
      const step = (words, key, by, isMore) => ({ id: `span:${words}`, words, keys: [key], repeats: true, run: () => walk(by, isMore) });
      const walking = [
        step("Select the next word", "n", 1, false), step("Select the word before", "b", -1, false),
        step("Select one word more", "Shift+n", 1, true), step("Select one word less", "Shift+b", -1, true),
      ]; // prettier-ignore
      if (!session.selectedIds.length) return walking;
      const binding = (words, key, edge, by) => ({ id: `span:${words}`, words, keys: [key], repeats: true, run: () => stretch(edge, by) });
      return [
        ...walking,
        binding("Move the end of the span right", "Shift+ArrowRight", "end", 1),
        binding("Move the end of the span left", "Shift+ArrowLeft", "end", -1),
        binding("Move its beginning right", "Ctrl+ArrowRight", "start", 1),
        binding("Move its beginning left", "Ctrl+ArrowLeft", "start", -1),
      ];
    },
  };
}

const isSamePlace = (one, other) => Boolean(one) && one.start === other.start && one.end === other.end;
const stepOver = (text, at) => (at >= text.length ? at : at + (text.codePointAt(at) > 0xffff ? 2 : 1));
const stepBack = (text, at) => at - (at >= 2 && text.codePointAt(at - 2) > 0xffff ? 2 : 1);
