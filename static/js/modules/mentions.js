// A text of a form in which @ offers names: data-names has them, with blanks between.

import { offerNames } from "../mentions.js";

export function mount(textarea) {
  const names = textarea.dataset.names.split(" ").filter(Boolean);
  return offerNames(textarea, async () => names);
}
