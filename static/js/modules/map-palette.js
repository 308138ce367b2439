// Colors of points: the theme's series for classes, a ramp for numbers, gray for nothing.

const NONE = 0xffff;

function resolveColors(names) {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const found = names.map((name) => {
    probe.style.color = name;
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = getComputedStyle(probe).color;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  });
  probe.remove();
  return found;
}

/** {series(code) -> [r, g, b], ramp(0..1) -> [r, g, b], none: [r, g, b]} of the theme as it is now. */
export function buildPalette() {
  const names = Array.from({ length: 7 }, (_, n) => `var(--gm-series-${n + 1})`);
  const more = Array.from({ length: 40 }, (_, n) => `light-dark(hsl(${(n * 137.5 + 20) % 360} 62% 42%), hsl(${(n * 137.5 + 20) % 360} 66% 66%))`);
  const series = resolveColors([...names, ...more]);
  const [none, low, middle, high] = resolveColors(["light-dark(#a9adb6, #5b626e)", "var(--gm-series-1)", "var(--gm-series-4)", "var(--gm-series-6)"]);
  const mix = (a, b, share) => a.map((value, n) => Math.round(value + (b[n] - value) * share));
  return {
    none,
    series: (code) => series[code % series.length],
    ramp: (value) => (value < 0.5 ? mix(low, middle, value * 2) : mix(middle, high, value * 2 - 1)),
  };
}

/** Bytes [r, g, b, a] a point. `isHidden(point)`, `isDim(point)` make points vanish or step back. */
export function paintPoints({ legend, values }, palette, isHidden, isDim) {
  const colors = new Uint8Array(4 * values.length);
  const isCodes = legend.kind === "codes";
  for (let point = 0; point < values.length; point += 1) {
    if (isHidden(point)) continue;
    const value = values[point];
    const isNone = isCodes ? value === NONE : Number.isNaN(value);
    const [red, green, blue] = isNone ? palette.none : isCodes ? palette.series(value) : palette.ramp(value);
    colors[4 * point] = red;
    colors[4 * point + 1] = green;
    colors[4 * point + 2] = blue;
    colors[4 * point + 3] = isDim(point) ? 45 : isNone ? 150 : 235;
  }
  return colors;
}
