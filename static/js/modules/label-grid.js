// The page of grid mode: reads its set-up from the page and starts the grid.

import { startGrid } from "../annotator/grid.js";

export function mount(element) {
  if (element.querySelector('[data-part="blocked"]')) return () => {}; // no classes: nothing is lent to who can not answer
  const setup = JSON.parse(document.getElementById("label-grid-setup").textContent);
  let destroy = null;
  let isGone = false;
  startGrid(element, setup).then((stop) => {
    destroy = stop;
    if (isGone) stop();
  });
  return () => {
    isGone = true;
    destroy?.();
  };
}
