// The list of colors beside the map; choosing an entry chooses its points.

const NONE = 0xffff;
const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;
const number = new Intl.NumberFormat("en");

function entryButton(color, name, count, onClick) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "map-entry" });
  const swatch = Object.assign(document.createElement("span"), { className: "map-swatch" });
  swatch.style.background = css(color);
  const text = Object.assign(document.createElement("span"), { className: "map-entry-name", textContent: name });
  const tally = Object.assign(document.createElement("span"), { className: "tabular text-secondary", textContent: number.format(count) });
  button.append(swatch, text, tally);
  button.addEventListener("click", onClick);
  return button;
}

function say(value, isTime) {
  return isTime ? new Date(value * 1000).toLocaleDateString("en", { dateStyle: "medium" }) : Number(value.toPrecision(4)).toString();
}

function ramp(legend, palette) {
  const box = Object.assign(document.createElement("div"), { className: "card-body" });
  const bar = Object.assign(document.createElement("div"), { className: "map-ramp" });
  bar.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((at) => css(palette.ramp(at))).join(", ")})`;
  const ends = Object.assign(document.createElement("div"), { className: "map-ramp-ends tabular" });
  for (const text of nameEnds(legend)) ends.append(Object.assign(document.createElement("span"), { textContent: text }));
  box.append(bar, ends);
  if (legend.from > legend.low || legend.to < legend.high) {
    const words = `Values from ${say(legend.low, legend.is_time)} to ${say(legend.high, legend.is_time)}`;
    box.append(Object.assign(document.createElement("div"), { className: "map-ramp-range tabular", textContent: words }));
  }
  return box;
}

/** What stands at the ends of the scale, which may leave out long tails: ["≤ 3", "≥ 90"]. */
export function nameEnds(legend) {
  const start = say(legend.from ?? legend.low, legend.is_time);
  const end = say(legend.to ?? legend.high, legend.is_time);
  return [legend.from > legend.low ? `≤ ${start}` : start, legend.to < legend.high ? `≥ ${end}` : end];
}

/** Fills `list` for one coloring; `choose(points, name)` is called with the points of a chosen entry. */
export function showLegend(list, title, { legend, values }, palette, choose) {
  title.textContent = legend.source ? `${legend.title} by ${legend.source}` : legend.title;
  const pick = (code, name) => () => {
    const points = [];
    for (let point = 0; point < values.length; point += 1) {
      if (legend.kind === "codes" ? values[point] === code : Number.isNaN(values[point])) points.push(point);
    }
    choose(points, name);
  };
  const parts = [];
  if (legend.kind === "codes") {
    legend.entries.forEach((entry, code) => parts.push(entryButton(palette.series(code), entry.name, entry.count, pick(code, entry.name))));
  } else if (legend.nothing_count < values.length) parts.push(ramp(legend, palette));
  const nothing = legend.nothing ?? "no value";
  if (legend.nothing_count) parts.push(entryButton(palette.none, nothing, legend.nothing_count, pick(NONE, nothing)));
  list.replaceChildren(...parts);
}
