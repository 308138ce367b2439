// Keys to actions. A binding is {key, run, ctrl?, shift?, whileTyping?, repeats?}; `ctrl` bindings answer to Ctrl and to Cmd.

const EDITABLE = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]";

const PRESSABLE = "button:not([data-enter-through]), a, summary"; // Enter presses these instead
const isPressable = (target) => target instanceof Element && Boolean(target.closest(PRESSABLE)?.checkVisibility()); // a closed dialog's button may have the focus for a moment
const isCtrl = (event) => Boolean(event.ctrlKey || event.metaKey);

/** The binding an event asks for, or null. `isTyping` says that a text field has the focus. */
export function findBinding(bindings, event, isTyping) {
  if (event.altKey || event.isComposing) return null;
  return findExact(bindings, event, isTyping) ?? findExact(bindings, readLatin(event), isTyping);
}

/** The key as a Latin keyboard has it: its letter where another script is typed, its digit where that needs Shift. */
function readLatin({ key, code = "", ctrlKey, metaKey, shiftKey, repeat }) {
  const isForeign = /^[^\p{ASCII}]$/u.test(key);
  const [, letter, digit] = /^(?:Key([A-Z])|Digit(\d))$/.exec(code) ?? [];
  const latin = (isForeign && letter) || (!shiftKey && digit) || key;
  return { key: latin, ctrlKey, metaKey, shiftKey, repeat };
}

function findExact(bindings, event, isTyping) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isShift = Boolean(event.shiftKey) && (key.length > 1 || /^[a-z]$/.test(key)); // else Shift is part of the character
  return (
    bindings.find(
      (binding) =>
        binding.key === key &&
        Boolean(binding.ctrl) === isCtrl(event) &&
        Boolean(binding.shift) === isShift &&
        (!isTyping || binding.whileTyping) &&
        (!event.repeat || binding.repeats),
    ) ?? null
  );
}

/**
 * Listen on `target`; `list()` gives the bindings that hold now. A field marked data-keys-through lets keys pass
 * that cannot be part of what is typed into it; one marked data-enter-submits lets Enter pass. Returns what stops
 * listening.
 */
export function listenToKeys(target, list) {
  function onKeydown(event) {
    const field = event.target instanceof Element ? event.target.closest(EDITABLE) : null;
    const isTyping = Boolean(field) && !passesThrough(field, event);
    const binding = findBinding(list(), event, isTyping);
    if (!binding) return;
    if (event.key === "Enter" && !isCtrl(event) && isPressable(event.target)) return;
    if (event.key === "Enter" && !isCtrl(event) && field?.matches("textarea")) return; // a new line
    if (event.key === " " && event.target instanceof Element && event.target.closest("button, summary, [role=radio]")) return;
    event.preventDefault();
    binding.run(event);
  }
  target.addEventListener("keydown", onKeydown);
  return () => target.removeEventListener("keydown", onKeydown);
}

const SLIDES = /^(Arrow|Page|Home$|End$)/; // the keys that move a slider

function passesThrough(field, event) {
  if (field.type === "range") return !SLIDES.test(event.key);
  if (event.key === "Enter" && field.hasAttribute("data-enter-submits")) return true;
  if (!field.hasAttribute("data-keys-through")) return false;
  if (event.key.startsWith("Arrow")) return field.value === "";
  return event.ctrlKey || event.metaKey ? field.value === "" : !/^[0-9.,e+\-−]$/i.test(event.key);
}
