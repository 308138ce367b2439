// How regions look while one works: hidden, locked, and a proposal's ghosts. Never part of the answer.

export function createRegionState() {
  const hidden = new Set();
  const locked = new Set();
  const listeners = new Set();
  let ghosts = [];

  const emit = () => listeners.forEach((listener) => listener());
  const toggle = (set, ids) => {
    const isOn = ids.some((id) => !set.has(id));
    for (const id of ids) isOn ? set.add(id) : set.delete(id);
    emit();
    return isOn;
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isHidden: (id) => hidden.has(id),
    isLocked: (id) => locked.has(id),
    toggleHidden: (ids) => toggle(hidden, ids),
    toggleLocked: (ids) => toggle(locked, ids),
    /** Result entries of a proposal, to be drawn as such and not to be edited. */
    get ghosts() {
      return ghosts;
    },
    showGhosts(entries) {
      ghosts = entries;
      emit();
    },
  };
}
