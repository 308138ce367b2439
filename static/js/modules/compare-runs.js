// Keeps the number of ticked runs within what can be compared, and says how many are chosen.

export function mount(element) {
  const maximum = Number(element.dataset.maximum);
  const button = element.querySelector("[data-compare]");
  const hint = element.querySelector("[data-compare-hint]");
  const untouched = hint.textContent;

  const update = () => {
    const boxes = [...element.querySelectorAll("input[name=run]")];
    const chosen = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.disabled = !box.checked && chosen >= maximum;
    button.disabled = chosen === 0;
    hint.textContent = chosen ? `${chosen} of at most ${maximum} chosen.` : untouched;
  };

  element.addEventListener("change", update);
  update();
  return () => element.removeEventListener("change", update);
}
