// Number: typed as it is written where one lives, within its limits.

import { parseNumber, tellNumber } from "../codec.js";
import { make } from "../dom.js";
import { createAnswer } from "./answer.js";

export function create({ control, session, id }) {
  const answer = createAnswer({ control, session, id });
  const { min, max, step } = control.attrs;
  const [low, high] = [readLimit(min), readLimit(max)];
  const input = make("input", { class: "form-control", inputmode: "decimal", autocomplete: "off", "data-enter-submits": "", oninput: read });
  const said = make("p", { class: "annotator-error", role: "alert" });
  const hint = low !== null || high !== null ? make("p", { class: "annotator-hint" }, describeLimits(low, high, step)) : null;
  const element = make("div", { class: "annotator-number-control" }, input, hint, said);

  function read() {
    const number = parseNumber(input.value);
    const isOutside = number !== null && ((low !== null && number < low) || (high !== null && number > high));
    said.textContent = "";
    if (input.value.trim() && number === null) said.textContent = tellNumber();
    if (isOutside) said.textContent = `${number} is not possible. ${describeLimits(low, high, step)}.`;
    answer.write(isOutside ? null : number, { merge: `number ${control.name} ${id}` });
  }

  return {
    element,
    problem: () => said.textContent || null,
    paint() {
      const number = answer.read();
      if (document.activeElement === input && (number === null || parseNumber(input.value) === number)) return;
      if (number === null && input.value && said.textContent) return; // what could not be read stays to be mended
      input.value = number === null ? "" : String(number);
    },
    verbs: () => [{ id: answer.verbId("type"), words: "Type the number; Esc leaves it", keys: ["d"], spare: ["i", "Shift+n", "Shift+u"], run: () => (input.focus(), input.select()) }],
    focus: () => input.focus({ preventScroll: true }),
  };
}

function readLimit(given) {
  const number = given === undefined || given === "" ? NaN : Number(given);
  return Number.isFinite(number) ? number : null;
}

function describeLimits(low, high, step) {
  const range = low === null ? `At most ${high}` : high === null ? `At least ${low}` : `From ${low} to ${high}`;
  return step ? `${range}, in steps of ${step}` : `${range}`;
}
