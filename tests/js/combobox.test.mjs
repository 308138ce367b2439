import assert from "node:assert/strict";
import test from "node:test";

import { filterChoices } from "../../static/js/modules/combobox.js";
import { nameEnds } from "../../static/js/modules/map-legend.js";

const CHOICES = [
  { title: "Label", group: "Labels and splits" },
  { title: "price", group: "Columns" },
  { title: "unit price", group: "Columns" },
  { title: "Brightness", group: "Measured by the profile" },
];
const titles = (typed) => filterChoices(CHOICES, typed).map(({ title }) => title);

test("all choices in their order where nothing is typed", () => {
  assert.deepEqual(titles("  "), CHOICES.map(({ title }) => title));
});

test("every word typed is in the title or the group, and beginnings come first", () => {
  assert.deepEqual(titles("PRI"), ["price", "unit price"]);
  assert.deepEqual(titles("price un"), ["unit price"]);
  assert.deepEqual(titles("columns"), ["price", "unit price"]);
  assert.deepEqual(titles("smell"), []);
});

test("the ends of a scale say where it leaves out a tail", () => {
  assert.deepEqual(nameEnds({ low: 0, high: 10, from: 0, to: 10 }), ["0", "10"]);
  assert.deepEqual(nameEnds({ low: -500, high: 9000, from: 0, to: 10 }), ["≤ 0", "≥ 10"]);
});
