// Which tiles of a grid are selected, and where the keys stand. Pure: places are numbers, from 0 in reading order.

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function range(from, to) {
  const [first, last] = from < to ? [from, to] : [to, from];
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

/** `onChange` hears of every change; `setSize` comes with each new page. */
export function createSelection({ onChange = () => {} } = {}) {
  let count = 0;
  let columns = 1;
  let focus = 0;
  let anchor = 0; // where a range starts
  let base = new Set(); // what was selected before the range or the box began
  let selected = new Set();

  function set(next, { keepBase = false } = {}) {
    selected = next;
    if (!keepBase) base = new Set(next);
    onChange();
  }

  function extendTo(place) {
    focus = place;
    set(new Set([...base, ...range(anchor, place)]), { keepBase: true });
  }

  return {
    get places() {
      return [...selected].sort((a, b) => a - b);
    },
    get size() {
      return selected.size;
    },
    get focus() {
      return focus;
    },
    has: (place) => selected.has(place),

    setSize(nextCount, nextColumns = columns) {
      count = nextCount;
      columns = Math.max(1, nextColumns);
      focus = anchor = 0;
      set(new Set());
    },
    /** The window got wider or narrower: what is selected stays. */
    setColumns(nextColumns) {
      columns = Math.max(1, nextColumns);
    },

    /** Arrow keys; with `extend` everything from where the range began is selected too. */
    move(across, down, { extend = false } = {}) {
      if (!count) return;
      const place = clamp(focus + across + down * columns, 0, count - 1);
      const isEdge = down !== 0 && (focus + down * columns < 0 || focus + down * columns >= count);
      const target = isEdge ? focus : place;
      if (extend) {
        extendTo(target);
        return;
      }
      focus = anchor = target;
      base = new Set(selected);
      onChange();
    },
    /** The keys stand on this one now; what is selected stays. */
    goTo(place) {
      if (place < 0 || place >= count) return;
      focus = anchor = place;
      onChange();
    },
    /** The space bar, or a click: this one in or out. */
    toggle(place = focus) {
      if (place < 0 || place >= count) return;
      const next = new Set(selected);
      if (!next.delete(place)) next.add(place);
      focus = anchor = place;
      set(next);
    },
    /** A click with Shift: everything from where the last one was. */
    extendTo(place) {
      if (place >= 0 && place < count) extendTo(place);
    },

    startBox: () => void (base = new Set(selected)),
    /** While a box is drawn: these are in it; with `isAdding` what was selected before stays. */
    box(places, { isAdding = false } = {}) {
      set(new Set([...(isAdding ? base : []), ...places.filter((place) => place < count)]), { keepBase: true });
    },
    endBox: () => void (base = new Set(selected)),

    all(places = range(0, count - 1)) {
      if (count) set(new Set(places));
    },
    none() {
      if (selected.size) set(new Set());
    },
  };
}

/** The places of tiles that a box touches; all are {left, top, right, bottom} in the same units. */
export function listTouched(box, tiles) {
  const isTouched = (tile) =>
    tile.left < box.right && tile.right > box.left && tile.top < box.bottom && tile.bottom > box.top;
  return tiles.flatMap((tile, place) => (isTouched(tile) ? [place] : []));
}
