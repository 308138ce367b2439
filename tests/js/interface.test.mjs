// What an interface asks: the fast path, conditions, what is missing, what an answer says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findMissing, isAsked, listCounted, readTitle } from "../../static/js/annotator/checks.js";
import { buildEntry, describeResult, listHeadings, listSelected, paintLabels, readInterface } from "../../static/js/annotator/interface.js";
import { judge } from "../../static/js/annotator/proposals.js";
import { createSession } from "../../static/js/annotator/session.js";

const label = (value, extra = {}) => ({ value, text: value, color: "", key: "", parent: "", path: [value], ...extra });
const control = (name, type, extra = {}) => ({
  name, tag: type, type, to: "item", targets: ["item"], per_region: false, multiple: false, required: false, nested: false,
  attrs: {}, when: null, labels: [], ...extra,
}); // prettier-ignore
const objects = [{ name: "item", tag: "Text", field: "text", attrs: {} }];
const read = (...controls) => readInterface({ interface: { objects, controls, layout: [], main: controls[0].name } });
const kind = control("kind", "choices", { labels: [label("good"), label("bad")] });

test("one flat single choice or one number is answered by one key; anything more is submitted", () => {
  assert.equal(read(kind).quick.name, "kind");
  assert.equal(read(control("n", "number")).quick.name, "n");
  assert.equal(read({ ...kind, multiple: true }).quick, null);
  assert.equal(read({ ...kind, nested: true }).quick, null);
  assert.equal(read(kind, control("why", "textarea")).quick, null);
  assert.equal(read(control("spans", "labels", { labels: [label("ORG")] })).quick, null);
});

test("a page without an interface asks for its classes", () => {
  const view = readInterface({ label_kind: "class", item_kind: "image", classes: [{ name: "cat", key: "1" }] });

  assert.deepEqual([view.quick.type, view.quick.labels[0].key, view.objects[0].tag], ["choices", "1", "Image"]);
  assert.equal(readInterface({ label_kind: "number", item_kind: "row" }).quick.type, "number");
});

test("an entry says something or is none", () => {
  assert.deepEqual(buildEntry(control("why", "textarea"), ["so"]), { from_name: "why", to_name: "item", type: "textarea", value: { text: ["so"] } });
  assert.deepEqual(buildEntry(control("n", "number"), 0).value, { number: 0 });
  for (const nothing of [null, "", []]) assert.equal(buildEntry(control("why", "textarea"), nothing), null);
});

test("a required control is missing until it is answered, in the words of the configuration", () => {
  const view = read({ ...kind, required: true }, control("why", "textarea", { required: true, attrs: { requiredMessage: "Say why" } }));
  const session = createSession();
  assert.deepEqual(findMissing(view, session).map(({ words }) => words), ["Choose “Kind”.", "Say why"]);

  session.set({ control: "kind" }, buildEntry(kind, ["good"]));

  assert.deepEqual(findMissing(view, session).map(({ words }) => words), ["Say why"]);
});

test("a control with a condition is asked, required and counted only while it holds", () => {
  const why = control("why", "textarea", { required: true, when: { control: "kind", values: ["bad"], mode: "choice-selected" } });
  const view = read(kind, why);
  const session = createSession();
  session.set({ control: "kind" }, buildEntry(kind, ["bad"]));
  assert.equal(findMissing(view, session).length, 1);
  session.set({ control: "why" }, buildEntry(why, ["dull"]));
  assert.equal(findMissing(view, session).length, 0);

  session.set({ control: "kind" }, buildEntry(kind, ["good"]));

  assert.deepEqual(listCounted(view, session).map(({ from_name }) => from_name), ["kind"]);
  assert.equal(isAsked(view.find("why"), { result: session.result }), false);
});

test("of several conditions all must hold, and what waits for a hidden answer is hidden too", () => {
  const is = (name, value) => ({ control: name, values: [value], mode: "choice-selected" });
  const state = control("state", "choices", { labels: [label("new"), label("broken")], when: [is("kind", "bad")] });
  const why = control("why", "textarea", { required: true, when: [is("state", "broken")] });
  const both = control("both", "textarea", { when: [is("kind", "good"), is("state", "broken")] });
  const view = read(kind, state, why, both);
  const said = [buildEntry(kind, ["bad"]), buildEntry(state, ["broken"]), buildEntry(why, ["rust"]), buildEntry(both, ["x"])];
  const session = createSession({ result: said });
  assert.deepEqual(listCounted(view, session).map(({ from_name }) => from_name), ["kind", "state", "why"]);

  session.set({ control: "kind" }, buildEntry(kind, ["good"]));

  assert.deepEqual(listCounted(view, session).map(({ from_name }) => from_name), ["kind"]);
  assert.equal(findMissing(view, createSession({ result: [buildEntry(kind, ["good"]), said[1]] })).length, 0);
});

test("what is asked per region is asked of every region it is about, by label", () => {
  const spans = control("label", "labels", { labels: [label("ORG"), label("PER")] });
  const role = control("role", "choices", { per_region: true, required: true, labels: [label("buyer")], when: { control: "label", values: ["ORG"], mode: "region-selected" } });
  const view = read(spans, role);
  const session = createSession();
  const span = (start, name) => session.add({ from_name: "label", to_name: "item", type: "labels", value: { start, end: start + 2, labels: [name] } });
  const org = span(0, "ORG");
  span(4, "PER");
  assert.deepEqual(findMissing(view, session).map(({ region }) => region.id), [org]);

  session.set({ control: "role", id: org }, buildEntry(role, ["buyer"]));

  assert.equal(findMissing(view, session).length, 0);
  assert.equal(listCounted(view, session).length, 3);
});

test("what depends on the selection is neither required nor dropped", () => {
  const note = control("note", "textarea", { required: true, when: { control: "", values: [], mode: "no-region-selected" } });
  const view = read(kind, note);
  const session = createSession({ result: [buildEntry(note, ["x"])] });

  assert.equal(findMissing(view, createSession()).length, 0);
  assert.equal(listCounted(view, session).length, 1);
  assert.equal(isAsked(view.find("note"), { result: [], selection: [{ main: {} }] }), false);
});

test("an answer begins with what the configuration selects, and is submitted then", () => {
  const chosen = control("kind", "choices", { labels: [label("good"), label("bad", { selected: true })] });
  const several = control("more", "choices", { multiple: true, labels: [label("a", { selected: true }), label("b", { selected: true })] });
  const view = read(chosen, several, control("of", "choices", { per_region: true, labels: [label("x", { selected: true })] }));

  assert.deepEqual(listSelected(view).map(({ from_name, value }) => [from_name, value.choices]), [["kind", ["bad"]], ["more", ["a", "b"]]]);
  assert.equal(read(chosen).quick, null);
  assert.deepEqual(listSelected(read(kind)), []);
});

test("an answer begins with the numbers of the configuration and the words of the task", () => {
  const stars = control("stars", "rating", { attrs: { defaultValue: "2" } });
  const none = control("none", "rating", { attrs: { defaultValue: "0" } });
  const many = control("many", "number", { attrs: { defaultValue: "0" } });
  const draft = control("draft", "textarea", { attrs: { value: "$hint" } });
  const fixed = control("fixed", "textarea", { attrs: { value: "Dear" } });
  const view = read(stars, none, many, draft, fixed, control("of", "number", { per_region: true, attrs: { defaultValue: "3" } }));
  const begin = (data) => listSelected(view, { data }).map(({ from_name, value }) => [from_name, Object.values(value)[0]]);

  assert.deepEqual(begin({ hint: "a draft" }), [["stars", 2], ["many", 0], ["draft", ["a draft"]], ["fixed", ["Dear"]]]);
  assert.deepEqual(begin({ row: { hint: 7 } })[2], ["draft", ["7"]]);
  assert.deepEqual(begin({ hint: " " })[2], ["fixed", ["Dear"]]);
});

test("a question is called as the configuration calls it, and the one that nobody named by what it asks", () => {
  const asked = (called) => readTitle(control("label", "choices", { called, labels: [label("a")] }));

  assert.deepEqual([asked("car_color"), asked("label"), asked(undefined)], ["Car color", "Choose", "Choose"]);
});

test("headings around a question are listed, but for those that wait for something", () => {
  const layout = [{ tag: "Header", text: "Look", children: [] }, { tag: "View", children: [{ tag: "Header", field: "prompt", children: [] }, { ref: "item", children: [] }] },
    { tag: "View", when: [{}], children: [{ tag: "Header", text: "Later", children: [] }] }]; // prettier-ignore

  assert.deepEqual(listHeadings(layout).map(({ text, field }) => text ?? field), ["Look", "prompt"]);
});

test("a label is used as often as it may be", () => {
  const spans = control("label", "labels", { attrs: { maxUsages: "2" }, labels: [label("ORG"), label("PER", { most: 1 })] });
  const view = read(spans);
  const session = createSession();
  const span = (start, name) => session.add({ from_name: "label", to_name: "item", type: "labels", value: { start, end: start + 2, labels: [name] } });
  for (const start of [0, 4]) span(start, "ORG");
  span(8, "PER");
  assert.deepEqual(findMissing(view, session), []);

  const last = span(12, "PER");
  span(16, "ORG");

  assert.deepEqual(findMissing(view, session).map(({ words }) => words.split(";")[0]), ["“ORG” is used 3 times", "“PER” is used 2 times"]);
  assert.equal(findMissing(view, session)[1].region.id, last);
});

test("an answer is told in few words", () => {
  const region = (id, name) => ({ id, from_name: "label", to_name: "item", type: "labels", value: { start: 0, end: 1, labels: [name] } });
  assert.equal(describeResult([region("a", "ORG"), region("b", "ORG"), region("c", "PER"), { type: "relation", from_id: "a", to_id: "b" }]), "2 × ORG, PER");
  assert.equal(describeResult([buildEntry(kind, ["good"]), buildEntry(control("r", "rating"), 3), buildEntry(control("t", "taxonomy"), [["a", "b"]])]), "good, 3 stars, a › b");
  assert.equal(describeResult([]), "nothing");
});

test("every label of a drawing control has a color", () => {
  const view = paintLabels(read(control("label", "labels", { labels: [label("ORG", { color: "red" }), label("PER")] })));

  assert.deepEqual(view.drawing[0].labels.map(({ color }) => color), ["red", "#4c6ef5"]);
});

test("an answer accepts, corrects or rejects what was suggested, whatever the ids", () => {
  const entry = (id, name) => ({ id, from_name: "label", to_name: "item", type: "labels", value: { start: 0, end: 1, labels: [name] } });
  const suggestion = { id: 1, result: [entry("x", "ORG"), entry("y", "PER")] };

  assert.equal(judge(suggestion, [entry("b", "PER"), entry("a", "ORG")]), "accepted");
  assert.equal(judge(suggestion, [entry("b", "PER")]), "corrected");
  assert.equal(judge(suggestion, suggestion.result, { isRejected: true }), "rejected");
});
