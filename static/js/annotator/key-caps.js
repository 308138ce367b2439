// What buttons say about keys: always those that work now, also after a class took one or a person changed it.

import { nameChord } from "./keymap.js";

/**
 * Paint what is marked data-keys-of="<id of a verb>": the first key into its <kbd>, every key behind its title, the
 * first behind its placeholder. Verbs that are not `assigned` now stay as they are.
 */
export function paintKeys(root, assigned) {
  const keysOf = new Map(assigned.map(({ id, keys }) => [id, keys]));
  for (const element of root.querySelectorAll("[data-keys-of]")) {
    const keys = keysOf.get(element.dataset.keysOf);
    if (keys && element.dataset.keys !== keys.join(" ")) paintElement(element, keys);
  }
}

function paintElement(element, chords) {
  const keys = chords.map(nameChord);
  element.dataset.keys = chords.join(" ");
  if (chords.length) element.setAttribute("aria-keyshortcuts", element.dataset.keys.replaceAll("Ctrl+", "Control+"));
  else element.removeAttribute("aria-keyshortcuts");
  const cap = element.querySelector("kbd");
  if (cap) {
    cap.textContent = keys[0] ?? "";
    cap.hidden = !keys.length;
  }
  say(element, "title", "keysTitle", keys.join(" or "));
  say(element, "placeholder", "keysPlaceholder", keys[0] ?? "");
}

/** An attribute's words, kept at hand under `kept`, with the keys behind them. */
function say(element, attribute, kept, keys) {
  if (!element.hasAttribute(attribute)) return;
  element.dataset[kept] ??= element.getAttribute(attribute);
  element.setAttribute(attribute, keys ? `${element.dataset[kept]} (${keys})` : element.dataset[kept]);
}
