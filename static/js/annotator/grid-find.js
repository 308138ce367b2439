// Find a class by a part of its name, where there are more of them than keys or than fit.

/** Enter takes the first class that is left; `label(name)` and `leave()` are the page's. Returns the verb's function. */
export function createFind({ field, choices, label, leave }) {
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const list = () => [...choices.querySelectorAll("[data-class]")];

  function narrow() {
    const wanted = fold(field.value.trim());
    for (const button of list()) button.hidden = !fold(button.dataset.class).includes(wanted);
  }

  function clear() {
    field.value = "";
    narrow();
    leave();
  }

  function onKey(event) {
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    const [first] = list().filter((button) => !button.hidden);
    const isMeant = event.key === "Enter" && field.value.trim() && first;
    if (event.key === "Enter" && !isMeant) return;
    clear();
    if (isMeant) label(first.dataset.class);
  }

  field?.addEventListener("input", narrow);
  field?.addEventListener("keydown", onKey);
  return () => field?.focus();
}
