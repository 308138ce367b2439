// Text with spans: Label Studio's start and end count code points, and `text` is what stands between them.

import { make } from "../dom.js";
import { isDrawing, readField } from "../interface.js";
import { toPoints, toUnits } from "../offsets.js";
import { createSpans, loadLibrary } from "./spans.js";

export function createSurface({ object, controls, task, session, settings }) {
  const text = asText(readField(object, task));
  const content = make("div", { class: `annotator-reading${text.length > 600 ? " is-long" : ""}`, dir: "auto", "data-object": object.name });
  content.textContent = text;
  const element = make("div", { class: "annotator-text annotator-spans" }, content);
  if (!controls.some(isDrawing)) return { element };
  const spans = createSpans({
    object, content, controls, session, settings,
    write: (start, end) => ({ start: toPoints(text, start), end: toPoints(text, end), text: text.slice(start, end) }),
    read: ({ start, end }) => readPlace(text, start, end),
  }); // prettier-ignore
  element.classList.add("is-marked");
  return { element, ready: loadLibrary(), ...spans, destroy: () => spans.hide() };
}

/** Text as it is; of anything else its JSON. */
export const asText = (value) => (typeof value === "string" ? value : value === null ? "" : JSON.stringify(value, null, 1));

/** Code points to UTF-16 offsets; null for what is no place in this text. */
export function readPlace(text, start, end) {
  const [first, last] = [Number(start), Number(end)];
  if (!Number.isInteger(first) || !Number.isInteger(last) || first >= last) return null;
  const place = { start: toUnits(text, first), end: toUnits(text, last) };
  return place.start < place.end ? place : null;
}
