// The only file that knows the API's JSON: tasks, results, operations and outcomes, both ways.

import { describeResult, readResult } from "./interface.js";

const CONTROL = "label";
const OBJECT = "item";

/** A task of the API as the annotator holds it. */
export function readTask(json) {
  return {
    id: json.id,
    itemId: json.item,
    kind: json.kind,
    source: json.source ?? "",
    image: json.data?.image ?? null,
    width: json.width ?? null,
    height: json.height ?? null,
    text: json.data?.text ?? "",
    fields: json.fields ?? [],
    sound: json.sound ?? "",
    data: json.data ?? {},
    suggestions: readSuggestions(json.suggestions ?? []),
    comments: json.comments ?? 0,
    returned: json.returned ? { ...json.returned, result: readResult(json.returned.result) } : null,
  };
}

/** Suggestions, their results as the tool has them. */
export const readSuggestions = (suggestions) => suggestions.map((one) => ({ ...one, result: readResult(one.result) }));

/** A class name or a number as a Label Studio result list. */
export function buildResult(labelKind, value) {
  const content = labelKind === "number" ? { number: value } : { choices: [value] };
  const type = labelKind === "number" ? "number" : "choices";
  return [{ from_name: CONTROL, to_name: OBJECT, type, value: content }];
}

/** The class name or number inside a result list; null when there is none. */
export function readValue(result) {
  const content = result?.[0]?.value;
  if (!content) return null;
  return content.number ?? content.choices?.[0] ?? null;
}

/** A history entry of the API: a task with the answer that counts now. */
export function readHistoryEntry(json) {
  return { task: readTask(json.task), answer: readAnswer(json.annotation) };
}

/** An annotation of the API as an answer of the store. */
export function readAnswer(annotation) {
  if (annotation.kind !== "answer") return { kind: annotation.kind, reason: annotation.reason };
  const result = readResult(annotation.result);
  return { kind: "answer", result, value: describeResult(result) };
}

/** What the outbox keeps, as the batch endpoint wants it. `labelKind` reads rows kept before answers were results. */
export function writeOperation(operation, labelKind) {
  const json = { key: operation.key, kind: operation.kind, task: operation.task };
  if (operation.kind === "answer") json.result = operation.result ?? buildResult(labelKind, operation.value);
  if (operation.kind === "skip") json.reason = operation.reason ?? "";
  if (operation.kind === "comment") json.body = operation.body;
  if (operation.fixes) json.fixes = operation.fixes;
  if (operation.suggestion) json.suggestion = operation.suggestion;
  if (operation.guideVersion != null) json.guide_version = operation.guideVersion;
  if (operation.schemaVersion != null && operation.kind === "answer") json.schema_version = operation.schemaVersion;
  if (operation.leadMs != null) json.lead_time_ms = Math.round(operation.leadMs);
  return json;
}

/** What is told of an answer to a gold item: {isRight, expected, explanation}, in words, and the right answer's `result`. */
export function readTold(json) {
  return { isRight: json.is_right, expected: json.expected_value ?? describeResult(json.expected), explanation: json.explanation ?? "", result: readResult(json.expected) };
}

/** What became of an operation; `feedback` comes with gold items. */
export function readOutcome({ key, status, message, feedback }) {
  const outcome = { key, isSaved: status === "saved", message };
  if (feedback) outcome.feedback = readTold(feedback);
  return outcome;
}

/** What this browser's language writes before decimals. */
const DECIMAL = new Intl.NumberFormat().formatToParts(1.5).find(({ type }) => type === "decimal").value;

/** How a number is written, for who wrote none. */
export const tellNumber = (decimal = DECIMAL) => (decimal === "," ? "Type a number, such as 12,5 or 12.5" : "Type a number, with a point before the decimals: 12.5");

/** A number as a person types it; null when it is none. A comma is read where decimals are written so: elsewhere it groups thousands. */
export function parseNumber(text, decimal = DECIMAL) {
  const given = text.trim().replace("−", "-");
  const written = decimal === "," && !given.includes(".") ? given.replace(",", ".") : given;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written)) return null;
  const number = Number(written);
  return Number.isFinite(number) ? number : null;
}
