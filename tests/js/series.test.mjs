// Series and sounds: read from whatever form they come in, thinned for the screen, marked by places on an axis.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findPeaks } from "../../static/js/annotator/surfaces/audio.js";
import { readPhrases } from "../../static/js/annotator/surfaces/paragraphs.js";
import { findNearest, readSeries, thinOut, toNumber } from "../../static/js/annotator/surfaces/series.js";
import { createWindow, findGrip } from "../../static/js/annotator/surfaces/timeline.js";

test("a series is read from columns, records, JSON and CSV alike", () => {
  const columns = { time: [1, 2, 3], x: [10, null, 30] };
  const records = [{ time: 1, x: 10 }, { time: 2, x: null }, { time: 3, x: 30 }];
  const csv = 'time,x\n1,10\n2,\n3,"30"\n';

  for (const given of [columns, records, JSON.stringify(columns), csv]) {
    const series = readSeries(given, { timeColumn: "time" });
    assert.deepEqual(series.at, [1, 2, 3]);
    assert.deepEqual(series.columns.get("x"), [10, NaN, 30]);
  }
});

test("times keep the way they were written, and are placed by what they mean", () => {
  const times = ["2020-01-01 00:00:00", "2020-01-01 00:00:01.5"];
  const series = readSeries({ t: times, x: [1, 2] }, { timeColumn: "t" });

  assert.deepEqual(series.times, times);
  assert.equal(series.at[1] - series.at[0], 1_500);
  assert.equal(toNumber("2020-01-01 00:00"), Date.UTC(2020, 0, 1));
});

test("times that cannot be read, or that go back, are one after the other", () => {
  assert.deepEqual(readSeries({ t: ["noon", "one"], x: [1, 2] }, { timeColumn: "t" }).at, [0, 1]);
  assert.deepEqual(readSeries({ t: [3, 1], x: [1, 2] }, { timeColumn: "t" }).at, [0, 1]);
});

test("what is no series is said", () => {
  assert.throws(() => readSeries("https://elsewhere/x.csv"), /another address/);
  assert.throws(() => readSeries(null), /no series/);
  assert.throws(() => readSeries({ x: [1] }, { timeColumn: "t" }), /no column “t”/);
});

test("the nearest point is found", () => {
  assert.deepEqual([-5, 1, 1.4, 1.6, 99].map((place) => findNearest([0, 1, 2, 3], place)), [0, 1, 1, 2, 3]);
});

test("thinning keeps every extreme of what is shown", () => {
  const at = Array.from({ length: 10_000 }, (_, index) => index);
  const values = at.map((index) => (index === 4_321 ? 99 : index % 7));
  const bins = thinOut(at, values, 0, 9_999, 100);

  assert.equal(bins.length, 100);
  assert.equal(bins[43].high, 99);
  assert.ok(bins.every((bin) => bin.low === 0 && bin.high >= 6));
  assert.deepEqual(thinOut([0, 1], [NaN, 1], 0, 1, 2), [null, { low: 1, high: 1 }]);
});

test("the window zooms around a place and stays on the axis", () => {
  const view = createWindow(0, 100, 5);
  view.zoom(2, 0);
  assert.deepEqual([view.from, view.to], [0, 50]);
  view.move(1_000);
  assert.deepEqual([view.from, view.to], [50, 100]);
  view.zoom(1_000);
  assert.equal(view.to - view.from, 5);
  view.reveal(0, 1);
  assert.equal(view.from, 0);
  view.reset();
  assert.deepEqual([view.from, view.to], [0, 100]);
});

test("an end of the selected stretch is gripped first, then the shortest stretch, never a ghost", () => {
  const spans = [
    { id: "a", start: 0, end: 50, isSelected: true },
    { id: "b", start: 45, end: 49 },
    { id: "g", start: 60, end: 70, isGhost: true },
    { id: "l", start: 80, end: 90, isSelected: true, isLocked: true },
  ];

  assert.deepEqual(findGrip(spans, 50.5, 1), { id: "a", edge: "end" });
  assert.deepEqual(findGrip(spans, 47, 1), { id: "b", edge: null });
  assert.equal(findGrip(spans, 65, 1), null);
  assert.deepEqual(findGrip(spans, 90, 1), { id: "l", edge: null });
});

test("peaks are the loudest of each slice", () => {
  assert.deepEqual([...findPeaks([0.1, -0.5, 0.25, 0, 0, -1], 3)], [0.5, 0.25, 1]);
});

test("a dialogue is read in the keys that are named, or is one phrase", () => {
  const object = { attrs: { nameKey: "who", textKey: "says" } };
  assert.deepEqual(readPhrases(object, [{ who: "Ann", says: "Hi" }]), [{ name: "Ann", text: "Hi" }]);
  assert.deepEqual(readPhrases(object, '[{"who": "Ann", "says": "Hi"}]'), [{ name: "Ann", text: "Hi" }]);
  assert.deepEqual(readPhrases(object, "just text"), [{ name: "", text: "just text" }]);
  assert.deepEqual(readPhrases(object, null), []);
});
