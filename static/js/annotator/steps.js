// The steps that undo takes back, kept for a reload of this tab.

const MOST = 50; // as many answers as the server gives back

/** `storage` is the tab's own (sessionStorage); read() gives what the visit before the reload kept. */
export function openSteps(storage, name) {
  return {
    read() {
      try {
        const kept = JSON.parse(storage?.getItem(name) ?? "[]");
        return Array.isArray(kept) ? kept : [];
      } catch (error) {
        console.warn("What could be undone before could not be read:", error);
        return [];
      }
    },
    keep(steps) {
      try {
        storage?.setItem(name, JSON.stringify(steps.slice(-MOST)));
      } catch (error) {
        storage.removeItem(name); // large masks: better nothing than half of it
        console.warn("What was done cannot be undone after a reload:", error);
      }
    },
  };
}
