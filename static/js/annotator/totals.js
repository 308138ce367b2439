// How far one is: items done, of all, today, and seconds per label, as seen from here between two answers of the server.

const PACE_OF = 20;
const FEWEST = 3;
const ATTEMPTS = 3;

/**
 * `paint({done, total, today, pace})` hears of every change. Where an item wants several answers only the server knows
 * whether one more ends it; so too for the answer to a check item, which is why `done` stays within `total`.
 */
export function createTotals(paint, answersWanted = 1) {
  const ended = (answers) => (answersWanted > 1 ? 0 : answers);
  let figures = { done: 0, total: 0, today: 0, pace: null };
  const paces = [];
  let changes = 0; // so many were counted here

  function measure() {
    const recent = paces.slice(-PACE_OF).sort((a, b) => a - b);
    return recent.length >= FEWEST ? recent[Math.floor(recent.length / 2)] / 1_000 : null;
  }

  const show = () => paint({ ...figures, done: Math.min(figures.done, figures.total), pace: measure() ?? figures.pace });

  return {
    /** Seconds per label in this visit; null while there are too few. */
    get pace() {
      return measure();
    },
    /**
     * Take over what the server counts, as `ask()` tells it, with the `unsent()` answers that are still on their way. What
     * is answered or sent meanwhile may be in it or not: then it is asked again.
     */
    async refresh(ask, unsent) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const before = [changes, unsent()];
        const counted = await ask();
        if (before[0] === changes && before[1] === unsent()) return this.set(counted, unsent());
        if (attempt === ATTEMPTS - 1) this.raise(counted, unsent()); // of somebody so fast, until the next time
      }
      return undefined;
    },
    /** Take over what the server counts where that is more than what is known here. */
    raise(counted, waiting) {
      const { done, today } = figures;
      this.set(counted, waiting);
      figures = { ...figures, done: Math.max(done, figures.done), today: Math.max(today, figures.today) };
      show();
    },
    count(change, leadMs) {
      changes += 1;
      if (leadMs !== null) paces.push(leadMs);
      figures = { ...figures, done: figures.done + ended(change), today: figures.today + change };
      show();
    },
    /** What the server counts, with what is still on its way. */
    set({ progress, own }, unsent) {
      figures = { done: progress.done + progress.skipped + ended(unsent), total: progress.total, today: own.today + unsent, pace: own.seconds_per_label };
      show();
    },
  };
}
