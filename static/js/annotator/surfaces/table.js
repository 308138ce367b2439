// A row of data, or any object or list of objects, as a table.

import { make } from "../dom.js";
import { readField } from "../interface.js";

const LONGEST = 500;

export function createSurface({ object, task }) {
  const value = readField(object, task);
  const rows = Array.isArray(value) && value.every(isRecord) && value.length ? value : null;
  const body = rows ? buildGrid(rows) : buildFields(listFields(object, task, value), task.sound);
  return { element: make("div", { class: "annotator-table" }, body) };
}

const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function listFields(object, task, value) {
  if (isRecord(value) && object.field !== "row") return Object.entries(value);
  if (task.fields.length) return task.fields;
  if (isRecord(value)) return Object.entries(value);
  return value === null ? Object.entries(task.data) : [[object.field, value]];
}

/** Names and values in two columns; the cell that holds the address of the row's sound plays it. */
export function buildFields(fields, sound = "") {
  const table = make("table", { class: "table table-sm annotator-row" });
  const body = table.createTBody();
  for (const [name, value] of fields.slice(0, LONGEST)) {
    body.append(make("tr", {}, make("th", { scope: "row" }, name), sound && value === sound ? buildPlayer(name, sound) : buildCell(value)));
  }
  return table;
}

function buildPlayer(name, sound) {
  return make("td", {}, make("audio", { class: "sound-player", controls: true, preload: "metadata", src: sound, "aria-label": `Sound of ${name}` }));
}

function buildGrid(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = make("table", { class: "table table-sm annotator-grid" });
  table.createTHead().append(make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name))));
  table.createTBody().append(...rows.slice(0, LONGEST).map((row) => make("tr", {}, ...names.map((name) => buildCell(row[name])))));
  return table;
}

function buildCell(value) {
  const isEmpty = value === null || value === undefined || value === "";
  const isNumber = typeof value === "number";
  return make("td", { class: `${isNumber ? "is-number" : ""}${isEmpty ? " text-secondary" : ""}`.trim(), dir: "auto" }, formatCell(value));
}

export function formatCell(value) {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 6, useGrouping: false });
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
