// The answer in the making: Label Studio result entries of one task, with undo and redo across all of them.
// Pure: it neither draws nor sends. Entries with the same `id` are one region: its shape or span, and what
// controls with perRegion say about it. Entries without `id` speak of the whole task.

const LONGEST = 500;

/** A copy of JSON values. Frozen lists are shared: nobody can change them, and masks are long. */
function clone(value) {
  if (value === null || typeof value !== "object" || (Array.isArray(value) && Object.isFrozen(value))) return value;
  if (Array.isArray(value)) return value.map(clone);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clone(one)]));
}

/** A copy of an entry to be kept, the bytes of a mask frozen. */
function keep(entry) {
  const kept = clone(entry);
  if (Array.isArray(kept.value?.rle)) Object.freeze(kept.value.rle);
  return kept;
}

/** Whether two JSON values say the same; what is shared is not looked into. */
function isSame(one, other) {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return false;
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]));
  if (Array.isArray(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isSame(one[key], other[key]));
}

function listRegions(entries) {
  const byId = new Map();
  for (const entry of entries) {
    if (entry.id === undefined || entry.type === "relation") continue;
    const region = byId.get(entry.id);
    if (region) region.attributes.push(clone(entry));
    else byId.set(entry.id, { id: entry.id, main: clone(entry), attributes: [] });
  }
  return [...byId.values()];
}

/**
 * `result` is what the task starts from, `makeId` gives new regions their ids. `subscribe` hears
 * {type: "changed" | "selected" | "armed", ids?}.
 */
export function createSession({ result = [], makeId = () => crypto.randomUUID().slice(0, 10) } = {}) {
  let entries = result.map(keep);
  let selectedIds = [];
  let armed = null; // what the next shape or span will be: {control, labels: [..]}
  let past = []; // {entries, selectedIds, merge}
  let future = [];
  const start = entries;
  let looked = { entries: null, regions: [] };
  const listeners = new Set();

  function emit(change) {
    for (const listener of listeners) listener(change);
  }

  /** One step of undo. Steps with the same `merge`, one right after the other, are one (a drag, a slider, typing). */
  function commit(next, { merge = null, selection = selectedIds } = {}) {
    if (isSame(next, entries)) return false;
    const isSameStep = merge !== null && past.at(-1)?.merge === merge;
    if (!isSameStep) past = [...past, { entries, selectedIds, merge }].slice(-LONGEST);
    future = [];
    entries = next;
    selectedIds = selection;
    emit({ type: "changed" });
    return true;
  }

  function restore(from, to) {
    const step = from.pop();
    if (!step) return false;
    to.push({ entries, selectedIds, merge: null });
    ({ entries } = step);
    const known = new Set(entries.map((entry) => entry.id));
    selectedIds = step.selectedIds.filter((id) => known.has(id));
    if (past.length) past[past.length - 1] = { ...past.at(-1), merge: null };
    emit({ type: "changed" });
    return true;
  }

  const isOf = (entry, { control, id = null }) => entry.from_name === control && (entry.id ?? null) === id;

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** The Label Studio result list, a copy. */
    get result() {
      return clone(entries);
    },
    /** The entries themselves, for reading only: masks are large, and copies of them slow. */
    get entries() {
      return entries;
    },
    get isChanged() {
      return !isSame(entries, start);
    },
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
    get selectedIds() {
      return selectedIds;
    },
    get armed() {
      return armed;
    },

    /**
     * Regions in the order they were made: {id, main, attributes}; `main` is the shape or span. A copy, the same one
     * until the answer changes: to be looked at, not to be changed.
     */
    get regions() {
      if (looked.entries !== entries) looked = { entries, regions: listRegions(entries) };
      return [...looked.regions];
    },
    get relations() {
      return clone(entries.filter((entry) => entry.type === "relation"));
    },

    /** Add a region: a result entry without `id`. Returns its id; it is selected. */
    add(entry, options = {}) {
      const id = entry.id ?? makeId();
      commit([...entries, { ...keep(entry), id }], { selection: [id], ...options });
      return id;
    },

    /** Change a region's main entry: `change` is merged into its `value`. */
    update(id, change, options = {}) {
      const index = entries.findIndex((entry) => entry.id === id);
      if (index < 0) return false;
      const entry = entries[index];
      return commit(entries.with(index, keep({ ...entry, value: { ...entry.value, ...change } })), options);
    },

    /** Remove regions with all that is said about them, relations too. */
    remove(ids) {
      const gone = new Set(ids);
      const isGone = (entry) => gone.has(entry.id) || gone.has(entry.from_id) || gone.has(entry.to_id);
      return commit(
        entries.filter((entry) => !isGone(entry)),
        { selection: selectedIds.filter((id) => !gone.has(id)) },
      );
    },

    /**
     * What a control says of the task, or with `id` of one region: `entry` is {from_name, to_name, type, value}; null
     * takes it back.
     */
    set({ control, id = null }, entry, options = {}) {
      const index = entries.findIndex((other) => isOf(other, { control, id }));
      const made = entry && { ...keep(entry), ...(id === null ? {} : { id }) };
      if (index < 0) return made ? commit([...entries, made], options) : false;
      return commit(made ? entries.with(index, { ...entries[index], ...made }) : entries.toSpliced(index, 1), options);
    },
    /** The value a control says of the task or of one region; null when it says nothing. */
    get(control, id = null) {
      const entry = entries.find((other) => isOf(other, { control, id }));
      return entry ? clone(entry.value) : null;
    },

    relate(from, to, labels = [], direction = "right") {
      const isThere = entries.some((e) => e.type === "relation" && e.from_id === from && e.to_id === to);
      if (from === to || isThere) return false;
      return commit([...entries, { type: "relation", from_id: from, to_id: to, direction, labels }]);
    },
    changeRelation(from, to, change) {
      const index = entries.findIndex((e) => e.type === "relation" && e.from_id === from && e.to_id === to);
      return index < 0 ? false : commit(entries.with(index, { ...entries[index], ...clone(change) }));
    },
    unrelate(from, to) {
      return commit(entries.filter((e) => !(e.type === "relation" && e.from_id === from && e.to_id === to)));
    },

    /** Everything at once: a suggestion that is accepted, the regions of the item before, "clear". One step. */
    replace(next) {
      return commit(next.map(keep), { selection: [] });
    },

    undo: () => restore(past, future),
    redo: () => restore(future, past),

    select(ids) {
      selectedIds = [...ids];
      emit({ type: "selected", ids: selectedIds });
    },
    /** Choose what is drawn next: {control, labels}, or null for nothing. */
    arm(next) {
      armed = next;
      emit({ type: "armed" });
    },
  };
}
