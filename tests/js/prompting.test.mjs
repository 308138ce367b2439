// Smart tools on a picture: which controls ask a model, and what they send.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createPrompting } from "../../static/js/annotator/surfaces/image/prompting.js";

const make = (name, tag, attrs = {}) => ({ name, tag, type: tag.toLowerCase(), attrs, labels: [{ value: "cell" }] });
const FRAME = { width: 100, height: 50 };

/** Prompting where `controls[0]` is armed; `asked` is what the model was sent. */
function open(controls, { isSmart = false, isNegative = false, hasModel = true } = {}) {
  const asked = [];
  const preferences = { isSmart, isNegative };
  const state = { armed: controls[0] };
  const prompting = createPrompting({
    object: { name: "photo" }, controls, preferences, armedControl: () => state.armed,
    session: { armed: { labels: ["cell"] } },
    settings: { smart: hasModel ? { ask: (entry) => asked.push(entry) } : null },
  }); // prettier-ignore
  return { prompting, asked, preferences, state };
}

test("boxes and points ask while the switch is on, other shapes never", () => {
  const [box, outline] = [make("box", "RectangleLabels"), make("outline", "PolygonLabels")];
  const { prompting, preferences, state } = open([box, outline]);

  assert.deepEqual([prompting.canAsk(), prompting.isOn()], [true, false]);
  preferences.isSmart = true;
  assert.equal(prompting.isOn(), true);
  state.armed = outline;
  assert.deepEqual([prompting.canAsk(), prompting.isOn()], [false, false]);
});

test("nothing asks without a model", () => {
  const { prompting } = open([make("box", "RectangleLabels", { smart: "true" })], { isSmart: true, hasModel: false });

  assert.deepEqual([prompting.asking, prompting.isOn()], [[], false]);
});

test("where the configuration names smart controls the others draw", () => {
  const [box, asking] = [make("box", "RectangleLabels"), make("ask", "RectangleLabels", { smart: "true" })];
  const { prompting, state } = open([box, asking], { isSmart: true });

  assert.equal(prompting.isOn(), false);
  state.armed = asking;
  assert.equal(prompting.isOn(), true);
});

test("a control that is only smart asks whatever the switch says", () => {
  const { prompting } = open([make("ask", "KeyPointLabels", { smartOnly: "true" })]);

  assert.deepEqual([prompting.isAlways(), prompting.isOn()], [true, true]);
});

test("the switch and Alt say where the thing is not, and both together where it is", () => {
  const sent = [false, true].flatMap((isNegative) => {
    const { prompting, asked } = open([make("tip", "KeyPointLabels")], { isSmart: true, isNegative });
    for (const isTurned of [false, true]) prompting.ask({ x: 1, y: 2 }, FRAME, isTurned);
    return asked.map(({ is_positive: isPositive }) => isPositive);
  });

  assert.deepEqual(sent, [true, false, false, true]);
});
