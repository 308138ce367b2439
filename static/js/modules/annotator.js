// The labelling page: reads its set-up from the page and starts the annotator.

import { startAnnotator } from "../annotator/annotator.js";

export function mount(element) {
  if (element.querySelector('[data-part="blocked"]')) return () => {}; // no classes: nothing is lent to who can not answer
  const setup = JSON.parse(document.getElementById("annotator-setup").textContent);
  let destroy = null;
  let isGone = false;
  startAnnotator(element, setup).then((stop) => {
    destroy = stop;
    if (isGone) stop();
  });
  return () => {
    isGone = true;
    destroy?.();
  };
}
