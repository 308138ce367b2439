// Which points lie where: pure functions of arrays, no page.

/** Points inside a closed outline [[x, y], …], by the even-odd rule. */
export function findInside(x, y, outline) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [px, py] of outline) {
    left = Math.min(left, px); right = Math.max(right, px);
    top = Math.min(top, py); bottom = Math.max(bottom, py);
  }
  const found = [];
  for (let point = 0; point < x.length; point += 1) {
    const px = x[point];
    const py = y[point];
    if (px >= left && px <= right && py >= top && py <= bottom && isInside(px, py, outline)) found.push(point);
  }
  return found;
}

function isInside(px, py, outline) {
  let inside = false;
  for (let here = 0, before = outline.length - 1; here < outline.length; before = here, here += 1) {
    const [ax, ay] = outline[here];
    const [bx, by] = outline[before];
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** The outline of a box between two corners. */
export function boxOutline([ax, ay], [bx, by]) {
  return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
}

/** A grid over the points, so that the nearest to a place is found without looking at all: nearest(x, y, radius). */
export function buildGrid(x, y, cells = 200) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let point = 0; point < x.length; point += 1) {
    left = Math.min(left, x[point]); right = Math.max(right, x[point]);
    top = Math.min(top, y[point]); bottom = Math.max(bottom, y[point]);
  }
  const step = Math.max(right - left, bottom - top, 1e-9) / cells;
  const cellOf = (value, low) => Math.min(cells - 1, Math.max(0, Math.floor((value - low) / step)));
  const starts = new Uint32Array(cells * cells + 1);
  const place = (point) => cellOf(y[point], top) * cells + cellOf(x[point], left);
  for (let point = 0; point < x.length; point += 1) starts[place(point) + 1] += 1;
  for (let cell = 0; cell < cells * cells; cell += 1) starts[cell + 1] += starts[cell];
  const next = starts.slice();
  const order = new Uint32Array(x.length);
  for (let point = 0; point < x.length; point += 1) order[next[place(point)]++] = point;

  return function nearest(px, py, radius, accept = () => true) {
    let best = -1;
    let least = radius * radius;
    const columns = [cellOf(px - radius, left), cellOf(px + radius, left)];
    for (let row = cellOf(py - radius, top); row <= cellOf(py + radius, top); row += 1) {
      for (let at = starts[row * cells + columns[0]]; at < starts[row * cells + columns[1] + 1]; at += 1) {
        const point = order[at];
        const distance = (x[point] - px) ** 2 + (y[point] - py) ** 2;
        if (distance <= least && accept(point)) { least = distance; best = point; }
      }
    }
    return best;
  };
}
