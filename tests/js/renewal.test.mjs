// A newer label schema: taken up once nothing is in the making, never twice, and later where the server is away.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fitResult } from "../../static/js/annotator/checks.js";
import { readInterface } from "../../static/js/annotator/interface.js";
import { createRenewal } from "../../static/js/annotator/renewal.js";

const pause = () => new Promise((done) => setTimeout(done, 0));

function createPage({ isFree = () => true, load } = {}) {
  const said = [];
  const put = [];
  const makeFresh = () => ({ querySelector: () => ({ textContent: '{"first_task": null}' }) });
  const root = { id: "annotator", replaceWith: (fresh) => put.push(fresh) };
  const renewal = createRenewal({
    root, version: 1, isFree, leave: async () => {}, change: (setup) => (setup.first_task = 7), say: (text) => said.push(text),
    load: load ?? (async () => makeFresh()),
  }); // prettier-ignore
  return { renewal, said, put, makeFresh };
}

test("the version the page was made for changes nothing", async () => {
  const { renewal, said, put } = createPage();

  renewal.hear(1);
  renewal.hear(null);
  await pause();

  assert.deepEqual([said.length, put.length, renewal.isUnderWay], [0, 0, false]);
});

test("a newer one is said once and taken up once", async () => {
  const { renewal, said, put } = createPage();

  renewal.hear(2);
  renewal.hear(2);
  renewal.look();
  await pause();

  assert.deepEqual([said.length, put.length, renewal.isUnderWay], [1, 1, true]);
});

test("what is in the making is finished first", async () => {
  let isBusy = true;
  const { renewal, put } = createPage({ isFree: () => !isBusy });

  renewal.hear(2);
  await pause();
  assert.deepEqual([put.length, renewal.isUnderWay], [0, false]);

  isBusy = false;
  renewal.look();
  await pause();
  assert.equal(put.length, 1);
});

test("what was begun while the server answered stays on screen", async () => {
  let isBusy = false;
  const page = createPage({ isFree: () => !isBusy, load: async () => ((isBusy = true), page.makeFresh()) });

  page.renewal.hear(2);
  await pause();

  assert.deepEqual([page.put.length, page.renewal.isUnderWay], [0, false]);
});

test("a server that is away is asked again later", async () => {
  let isAway = true;
  const page = createPage({ load: async () => (isAway ? Promise.reject(new Error("offline")) : page.makeFresh()) });

  page.renewal.hear(2);
  await pause();
  assert.deepEqual([page.put.length, page.renewal.isUnderWay], [0, false]);

  isAway = false;
  page.renewal.look();
  await pause();
  assert.equal(page.put.length, 1);
});

test("an answer begun under other labels keeps its regions and loses choices that are gone", () => {
  const labels = (...values) => values.map((value) => ({ value, path: [value] }));
  const view = readInterface({
    interface: {
      objects: [{ name: "item", tag: "Image" }],
      controls: [
        { name: "label", tag: "RectangleLabels", type: "rectanglelabels", to: "item", labels: labels("dog") },
        { name: "how", tag: "Choices", type: "choices", to: "item", multiple: true, labels: labels("whole") },
      ],
    },
  });
  const box = { id: "a", from_name: "label", type: "rectanglelabels", value: { x: 1, rectanglelabels: ["cat"] } };
  const both = { from_name: "how", type: "choices", value: { choices: ["whole", "part"] } };
  const gone = { from_name: "who", type: "choices", value: { choices: ["me"] } };

  const found = fitResult(view, [box, both, gone, { ...both, value: { choices: ["part"] } }]);

  assert.deepEqual(found, [box, { ...both, value: { choices: ["whole"] } }]);
});
