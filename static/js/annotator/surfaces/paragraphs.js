// Paragraphs: a dialogue, one phrase after the other, with spans. A place is a phrase and code points within it.

import { make } from "../dom.js";
import { isDrawing, readField } from "../interface.js";
import { toPoints, toUnits } from "../offsets.js";
import { createSpans, loadLibrary } from "./spans.js";

/** [{name, text}] from the field's list, in the keys that the configuration names; a plain text is one phrase. */
export function readPhrases(object, value) {
  const { nameKey = "author", textKey = "text" } = object.attrs ?? {};
  const given = typeof value === "string" && value.trim().startsWith("[") ? parseList(value) : value;
  if (!Array.isArray(given)) return given === null || given === undefined ? [] : [{ name: "", text: String(given) }];
  return given.map((phrase) => (typeof phrase === "object" && phrase !== null ? { name: String(phrase[nameKey] ?? ""), text: String(phrase[textKey] ?? "") } : { name: "", text: String(phrase) }));
}

function parseList(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text; // it only looks like a list
  }
}

export function createSurface({ object, controls, task, session, settings }) {
  const phrases = readPhrases(object, readField(object, task));
  const starts = [];
  let total = 0;
  for (const { text } of phrases) {
    starts.push(total);
    total += text.length;
  }
  const content = make("div", { class: "annotator-reading is-dialogue", "data-object": object.name },
    ...phrases.map(({ name, text }) => make("p", { class: "annotator-phrase", dir: "auto", "data-name": name }, text))); // prettier-ignore
  const element = make("div", { class: "annotator-text annotator-spans" }, content);
  if (!controls.some(isDrawing)) return { element };

  function locate(at, isEnd) {
    const index = starts.findLastIndex((start, place) => (isEnd ? start < at : start <= at) && phrases[place].text.length > 0);
    return { index, offset: toPoints(phrases[index].text, at - starts[index]) };
  }

  const whole = phrases.map(({ text }) => text).join("");
  const spans = createSpans({
    object, content, controls, session, settings,
    write(start, end) {
      const [first, last] = [locate(start, false), locate(end, true)];
      return { start: String(first.index), end: String(last.index), startOffset: first.offset, endOffset: last.offset, text: whole.slice(start, end) };
    },
    read({ start, end, startOffset, endOffset }) {
      const [first, last] = [phrases[Number(start)], phrases[Number(end)]];
      if (!first || !last) return null;
      const place = { start: starts[Number(start)] + toUnits(first.text, startOffset ?? 0), end: starts[Number(end)] + toUnits(last.text, endOffset ?? last.text.length) };
      return place.start < place.end ? place : null;
    },
  }); // prettier-ignore
  element.classList.add("is-marked");
  return { element, ready: loadLibrary(), ...spans, destroy: () => spans.hide() };
}
