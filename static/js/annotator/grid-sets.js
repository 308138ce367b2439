// Several classes per item: a set is in the making until the page is saved. Pure.

import { buildEntry, readInterface } from "./interface.js";

/** `given` is the interface of the page, with one question: several choices of one list. */
export function createSets(given) {
  const control = readInterface({ interface: given }).controls[0];
  const names = control.labels.map(({ value }) => value);

  /** What stands on a tile: {kind: "draft", classes, value, result}; `value` is the set in words. */
  function build(classes) {
    const sorted = names.filter((name) => classes.includes(name));
    const entry = buildEntry(control, sorted);
    return { kind: "draft", classes: sorted, value: sorted.join(", ") || "none of them", result: entry ? [entry] : [] };
  }

  return {
    build,
    isRequired: control.required,
    /** A result list as a set; classes that are none any more are left out. */
    read: (result) => build(result.find(({ from_name: name }) => name === control.name)?.value?.choices ?? []),
    /** The class goes to all of these sets; where all have it already, it leaves them. A set that becomes empty is null. */
    toggle(sets, name) {
      const isOnAll = sets.every((set) => set?.classes?.includes(name));
      return sets.map((set) => {
        const had = set?.classes ?? [];
        const classes = isOnAll ? had.filter((one) => one !== name) : [...had, name];
        return classes.length ? build(classes) : null;
      });
    },
    /** How many of these have each class: {name: "true" | "mixed" | "false"}, as aria-pressed says it. */
    summarize(sets) {
      const countOf = (name) => sets.filter((set) => set?.classes?.includes(name)).length;
      return Object.fromEntries(names.map((name) => [name, countOf(name) === 0 ? "false" : countOf(name) === sets.length ? "true" : "mixed"]));
    },
  };
}
