// TimeSeries: its channels one below the other, with stretches. Start and end are said as the data says its times.

import { make } from "../dom.js";
import { isDrawing, readField } from "../interface.js";
import { findNearest, readSeries, thinOut, toNumber } from "./series.js";
import { createStretches } from "./stretches.js";
import { createTimeline } from "./timeline.js";

const CHANNEL = 110; // px
const COLORS = ["#4c6ef5", "#e8590c", "#099268", "#c2255c", "#1098ad", "#9c6a00"];

export function createSurface({ object, controls, task, session, settings }) {
  let series;
  try {
    series = readSeries(readField(object, task), object.attrs);
  } catch (error) {
    return { element: make("p", { class: "annotator-failure" }, `This series cannot be shown: ${error.message}`) };
  }
  const { times, at, columns } = series;
  const channels = (object.attrs.channels ?? []).filter(({ column }) => columns.has(column));
  if (!channels.length || at.length < 2) return { element: make("p", { class: "annotator-failure" }, "This series has none of the columns that the configuration names.") };
  const ranges = new Map(channels.map(({ column }) => [column, findRange(columns.get(column))]));
  const isTime = typeof times[0] === "string" && !Number.isFinite(Number(times[0])) && at[0] > 1e9;

  const read = ({ start, end }) => {
    const [first, last] = [placeOf(start), placeOf(end)];
    return first === null || last === null ? null : { start: first, end: last };
  };
  function placeOf(said) {
    const index = typeof said === "string" ? times.indexOf(said) : -1;
    const place = index >= 0 ? at[index] : toNumber(said);
    return Number.isFinite(place) ? place : null;
  }
  const write = (start, end) => ({ start: times[findNearest(at, start)], end: times[findNearest(at, end)], instant: findNearest(at, start) === findNearest(at, end) });

  const decimals = Math.min(8, Math.max(0, Math.ceil(-Math.log10((at.at(-1) - at[0]) / (at.length - 1) || 1))));
  const step = () => (at.at(-1) - at[0]) / (at.length - 1);
  const findRoom = () => {
    const [from, to] = timeline.seen;
    return [from + 0.375 * (to - from), to - 0.375 * (to - from)]; // a quarter, in the middle of what is seen
  };
  const stretches = createStretches({ object, controls, session, settings, write, read, step, first: at[0], last: at.at(-1), findRoom });
  const timeline = createTimeline({
    first: at[0], last: at.at(-1), least: step() * 2, height: CHANNEL * channels.length, label: `Series of ${channels.length} channels`,
    paint, spans: stretches.listSpans, onMark: stretches.mark, onPick: stretches.pick, onResize: stretches.resize, format,
  }); // prettier-ignore
  let stops = [];

  function format(place) {
    if (!isTime) return place.toFixed(decimals);
    return new Date(place).toISOString().replace("T", " ").slice(0, 19);
  }

  function paint(context, { from, to, width, ink }) {
    channels.forEach((channel, index) => paintChannel(context, { channel, index, from, to, width, ink }));
  }

  function paintChannel(context, { channel, index, from, to, width, ink }) {
    const [low, high] = ranges.get(channel.column);
    const top = index * CHANNEL + 18;
    const tall = CHANNEL - 26;
    const y = (value) => top + tall - ((value - low) / (high - low || 1)) * tall;
    context.strokeStyle = channel.strokeColor || COLORS[index % COLORS.length];
    context.lineWidth = 1.3;
    context.beginPath();
    let isOpen = false;
    thinOut(at, columns.get(channel.column), from, to, width).forEach((bin, x) => {
      if (!bin) return;
      if (isOpen) context.lineTo(x, y(bin.high));
      else context.moveTo(x, y(bin.high));
      if (bin.low !== bin.high) context.lineTo(x, y(bin.low));
      isOpen = true;
    });
    context.stroke();
    context.fillStyle = ink;
    context.fillText(`${channel.legend || channel.displayName || channel.column}${channel.units ? ` (${channel.units})` : ""}: ${trim(low)} – ${trim(high)}`, 4, top - 6);
  }

  return {
    element: make("div", { class: "annotator-series", "data-object": object.name }, timeline.element),
    show() {
      stops = [session.subscribe(onSession), settings.regions.subscribe(timeline.draw)];
      timeline.show();
    },
    hide() {
      stops.forEach((stop) => stop());
      stops = [];
      timeline.hide();
    },
    bindings: () => [...(controls.some(isDrawing) ? stretches.bindings() : []), ...timeline.bindings()],
  };

  function onSession({ type }) {
    const { selected } = stretches;
    if (type === "selected" && selected) timeline.reveal(selected.start, selected.end);
    timeline.draw();
  }
}

function findRange(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return Number.isFinite(low) ? [low, high] : [0, 1];
}

const trim = (number) => String(Number(number.toPrecision(4)));
