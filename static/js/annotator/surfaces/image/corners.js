// The corners of a polygon by keys: one is chosen, moved, put in or taken out. Pure, but for the functions given.

const FEWEST = 3;

/**
 * `find()` gives the one selected polygon {id, shape: {points}}; `write(id, points, merge)` changes it, `show(point | null)`
 * marks the chosen corner.
 */
export function createCorners({ find, write, show, say }) {
  let chosen = null; // {id, at}

  /** The polygon whose corner is chosen; forgets one that is not selected any more. */
  function read() {
    const region = find();
    if (chosen && (region?.id !== chosen.id || chosen.at >= region.shape.points.length)) {
      chosen = null;
      show(null);
    }
    return region;
  }

  function change(points, at, merge) {
    const { id } = chosen;
    write(id, points, merge);
    chosen = { id, at };
    show(find()?.shape.points[at] ?? points[at]);
  }

  return {
    get chosen() {
      return read() && chosen;
    },
    /** After anything that may have changed what is selected or where it lies. */
    follow() {
      const region = read();
      if (region && chosen) show(region.shape.points[chosen.at]);
    },
    next() {
      const region = read();
      if (!region) return say("Select a polygon first.");
      chosen = { id: region.id, at: chosen ? (chosen.at + 1) % region.shape.points.length : 0 };
      show(region.shape.points[chosen.at]);
      say(`Corner ${chosen.at + 1} of ${region.shape.points.length}: Shift and the arrows move it.`);
    },
    move(dx, dy) {
      const { points } = read().shape;
      const [x, y] = points[chosen.at];
      change(points.with(chosen.at, [x + dx, y + dy]), chosen.at, `corner-${chosen.id}-${chosen.at}`);
    },
    /** A corner between the chosen one and the next. */
    add() {
      const region = read();
      if (!region || !chosen) return say("Choose a corner first.");
      const { points } = region.shape;
      const [[ax, ay], [bx, by]] = [points[chosen.at], points[(chosen.at + 1) % points.length]];
      change(points.toSpliced(chosen.at + 1, 0, [(ax + bx) / 2, (ay + by) / 2]), chosen.at + 1);
    },
    remove() {
      const region = read();
      if (!region || !chosen) return say("Choose a corner first.");
      const { points } = region.shape;
      if (points.length <= FEWEST) return say("A polygon has three corners or more.");
      change(points.toSpliced(chosen.at, 1), chosen.at % (points.length - 1));
    },
    leave() {
      chosen = null;
      show(null);
    },
  };
}
