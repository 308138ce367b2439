// Rating: one of so many stars.

import { make, makeCap } from "../dom.js";
import { listKeys } from "../keymap.js";
import { createAnswer } from "./answer.js";

export function create({ control, session, id }) {
  const answer = createAnswer({ control, session, id });
  const most = control.labels.length || Number(control.attrs.maxRating) || 5;
  const keys = new Map(control.labels.map(({ value, key }) => [Number(value), key]));
  const stars = Array.from({ length: most }, (_, index) => buildStar(index + 1));
  const element = make("div", { class: "annotator-rating", role: "radiogroup" }, ...stars);

  function buildStar(rating) {
    const words = `${rating} of ${most}`;
    return make("button", { type: "button", class: "annotator-star", role: "radio", "aria-checked": "false", "aria-label": words, "data-enter-through": "",
      title: words, "data-keys-of": answer.verbId(rating), onclick: () => rate(rating) }, "★", makeCap(keys.get(rating))); // prettier-ignore
  }

  const rate = (rating) => answer.write(answer.read() === rating ? null : rating);

  return {
    element,
    paint() {
      const rating = answer.read() ?? 0;
      stars.forEach((star, index) => {
        star.classList.toggle("is-lit", index < rating);
        star.setAttribute("aria-checked", String(index + 1 === rating));
      });
    },
    verbs: () =>
      stars.map((_, index) => index + 1).map((rating) => ({ id: answer.verbId(rating), words: `${rating} of ${most}`, keys: listKeys(keys.get(rating)), run: () => rate(rating) })),
    focus: () => stars[0].focus({ preventScroll: true }),
  };
}
