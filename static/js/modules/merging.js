// The rows of a label schema: where two get the same name, their labels become one, and that is asked first.

import { mount as mountConfirm } from "./confirm.js";

/** Names as they were, of each set of rows that becomes one label. */
function findMerged(form) {
  const sets = new Map();
  for (const input of form.querySelectorAll("tr input[name=name]")) {
    const row = input.closest("tr");
    const [control, old] = ["control", "old"].map((name) => row.querySelector(`input[name=${name}]`).value);
    const key = JSON.stringify([control, input.value.trim().replace(/\s+/g, " ")]);
    sets.set(key, [...(sets.get(key) ?? []), old]);
  }
  return [...sets.values()].filter((names) => names.length > 1);
}

export function mount(form) {
  const onSubmit = () => {
    const merged = findMerged(form);
    if (!merged.length) form.dataset.confirmed = "yes";
    const named = merged.map((names) => names.map((name) => `“${name}”`).join(" and ")).join("; ");
    form.dataset.question = `${named}: they become one label, and their answers can not be told apart again.`;
  };
  form.addEventListener("submit", onSubmit); // before the one that asks
  const stopAsking = mountConfirm(form);
  return () => {
    form.removeEventListener("submit", onSubmit);
    stopAsking();
  };
}
