// Pairwise: which of two objects; the objects themselves are shown by their surfaces, side by side.

import { make, makeCap } from "../dom.js";
import { listKeys } from "../keymap.js";
import { createAnswer } from "./answer.js";

const SIDES = ["left", "right"];
const WORDS = { left: "The left one", right: "The right one" };

export function create({ control, session, id }) {
  const answer = createAnswer({ control, session, id });
  const keys = new Map(control.labels.map(({ value, key }) => [value, key]));
  const choose = (side) => answer.write(answer.read() === side ? null : side);
  const buttons = SIDES.map((side) =>
    make("button", { type: "button", class: "annotator-option", role: "radio", "data-value": side, "data-keys-of": answer.verbId(side), "data-enter-through": "",
      "aria-checked": "false", onclick: () => choose(side) }, make("span", { class: "annotator-mark" }), WORDS[side], makeCap(keys.get(side))),
  ); // prettier-ignore
  const element = make("div", { class: "annotator-pair", role: "radiogroup" }, ...buttons);

  return {
    element,
    paint() {
      buttons.forEach((button, index) => {
        const isOn = answer.read() === SIDES[index];
        button.setAttribute("aria-checked", String(isOn));
        button.classList.toggle("is-chosen", isOn);
      });
    },
    verbs: () => SIDES.map((side) => ({ id: answer.verbId(side), words: WORDS[side], keys: listKeys(keys.get(side)), run: () => choose(side) })),
    focus: () => buttons[0].focus({ preventScroll: true }),
  };
}
