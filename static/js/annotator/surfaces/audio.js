// Audio: a waveform with stretches in seconds; play, pause, seek, loop the selected stretch.

import { make } from "../dom.js";
import { readField } from "../interface.js";
import { createStretches } from "./stretches.js";
import { createTimeline } from "./timeline.js";

const HEIGHT = 150;
const PEAKS_PER_SECOND = 200;
const MOST_PEAKS = 400_000;
const SHORTEST_S = 0.01;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** Highest level of each slice of the sound, 0 to 1. Pure. */
export function findPeaks(samples, count) {
  const peaks = new Float32Array(count);
  const size = samples.length / count;
  for (let index = 0; index < samples.length; index += 1) {
    const bin = Math.min(count - 1, Math.floor(index / size));
    const level = Math.abs(samples[index]);
    if (level > peaks[bin]) peaks[bin] = level;
  }
  return peaks;
}

async function loadSound(url) {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new Error("it could not be loaded. A sound at another address has to be imported with the task");
  const bytes = await response.arrayBuffer();
  const context = new OfflineAudioContext(1, 1, 22_050); // decodes without a device, and makes long sounds small
  const sound = await context.decodeAudioData(bytes).catch(() => null);
  if (!sound) throw new Error("this browser does not know its format");
  const samples = sound.getChannelData(0);
  const count = Math.max(1, Math.min(MOST_PEAKS, samples.length, Math.ceil(sound.duration * PEAKS_PER_SECOND)));
  return { duration: sound.duration, peaks: findPeaks(samples, count) };
}

export function createSurface({ object, controls, task, session, settings }) {
  const url = readField(object, task);
  const element = make("div", { class: "annotator-series annotator-audio", "data-object": object.name });
  const player = make("audio", { preload: "auto", src: url });
  let timeline = null;
  let stretches = null;
  let speed = null; // the list of speeds
  let isShown = false;
  let [stops, frame, until] = [[], null, null];

  const ready = loadSound(url).then(build, (error) => {
    element.append(make("p", { class: "annotator-failure" }, `This sound cannot be shown: ${error.message}.`));
  });

  function build({ duration, peaks }) {
    const read = ({ start, end }) => (Number.isFinite(start) && Number.isFinite(end) ? { start, end } : null);
    const write = (start, end) => (end - start < SHORTEST_S ? null : { start: round(start), end: round(end), channel: 0 });
    stretches = createStretches({ object, controls, session, settings, write, read, step: () => 0.05, first: 0, last: duration, findRoom, extra: () => ({ original_length: duration }) });
    timeline = createTimeline({
      first: 0, last: duration, least: 0.05, height: HEIGHT, label: `Sound of ${duration.toFixed(1)} seconds`, format: formatSeconds,
      paint: (context, frame) => paintWave(context, frame, peaks, duration), spans: stretches.listSpans, onMark: stretches.mark, onPick: stretches.pick,
      onResize: stretches.resize, onSeek: seek, cursor: () => player.currentTime,
    }); // prettier-ignore
    const play = make("button", { type: "button", class: "btn", "data-enter-through": "", "aria-label": "Play or pause", onclick: toggle }, "▶ Play");
    for (const type of ["play", "pause", "ended"]) player.addEventListener(type, () => ((play.textContent = player.paused ? "▶ Play" : "❚❚ Pause"), tick()));
    speed = make("select", { class: "form-select form-select-sm", "aria-label": "Speed", onchange: () => (player.playbackRate = Number(speed.value)) },
      ...SPEEDS.map((rate) => make("option", { value: String(rate), selected: rate === 1 }, `${rate} ×`))); // prettier-ignore
    element.append(make("div", { class: "annotator-player" }, play, speed), timeline.element, player);
    if (isShown) start();
  }

  /** A quarter of what is seen, from where the sound is; in its middle where that is out of sight. */
  function findRoom() {
    const [from, to] = timeline.seen;
    const quarter = (to - from) / 4;
    const start = player.currentTime > from && player.currentTime < to - quarter / 4 ? player.currentTime : from + 1.5 * quarter;
    return [start, Math.min(start + quarter, to)];
  }

  function setSpeed(by) {
    const at = SPEEDS.indexOf(player.playbackRate) + by;
    if (at < 0 || at >= SPEEDS.length) return;
    player.playbackRate = SPEEDS[at];
    speed.value = String(SPEEDS[at]);
  }

  function seek(at) {
    until = null;
    player.currentTime = at;
    timeline.draw();
  }

  function toggle() {
    if (!player.paused) return player.pause();
    const { selected } = stretches;
    if (selected && (player.currentTime < selected.start || player.currentTime >= selected.end - SHORTEST_S)) player.currentTime = selected.start;
    until = selected && player.currentTime < selected.end ? selected.end : null;
    return void player.play().catch((error) => settings.say(`The sound does not play: ${error.message}`));
  }

  function tick() {
    cancelAnimationFrame(frame);
    if (until !== null && player.currentTime >= until) {
      player.pause();
      player.currentTime = until;
      until = null;
    }
    timeline?.draw();
    if (!player.paused) frame = requestAnimationFrame(tick);
  }

  function start() {
    stops = [session.subscribe(onSession), settings.regions.subscribe(() => timeline.draw())];
    timeline.show();
  }

  function onSession({ type }) {
    const { selected } = stretches;
    if (type === "selected" && selected) timeline.reveal(selected.start, selected.end);
    timeline.draw();
  }

  return {
    element,
    ready,
    show() {
      isShown = true;
      if (timeline) start();
    },
    hide() {
      isShown = false;
      player.pause();
      cancelAnimationFrame(frame);
      stops.forEach((stop) => stop());
      stops = [];
      timeline?.hide();
    },
    bindings: () =>
      timeline
        ? [
            { id: "audio:play", words: "Play or pause; plays the selected stretch", keys: [" "], run: toggle },
            { id: "audio:back", words: "Back by two seconds", keys: ["<"], spare: ["Shift+b"], run: () => seek(Math.max(0, player.currentTime - 2)), repeats: true },
            { id: "audio:faster", words: "Play faster", keys: ["}"], run: () => setSpeed(1) },
            { id: "audio:slower", words: "Play slower", keys: ["{"], run: () => setSpeed(-1) },
            ...stretches.bindings(),
            ...timeline.bindings(),
          ]
        : [],
    destroy: () => player.removeAttribute("src"),
  };
}

function paintWave(context, { from, to, width, height, ink }, peaks, duration) {
  const middle = height / 2;
  context.fillStyle = ink;
  context.globalAlpha = 0.75;
  for (let x = 0; x < width; x += 1) {
    const first = Math.floor(((from + ((to - from) * x) / width) / duration) * peaks.length);
    const last = Math.max(first + 1, Math.floor(((from + ((to - from) * (x + 1)) / width) / duration) * peaks.length));
    let peak = 0;
    for (let index = first; index < last; index += 1) if (peaks[index] > peak) peak = peaks[index];
    const tall = Math.max(1, peak * (height - 6));
    context.fillRect(x, middle - tall / 2, 1, tall);
  }
  context.globalAlpha = 1;
}

const round = (seconds) => Math.round(seconds * 1_000) / 1_000;

function formatSeconds(at) {
  const minutes = Math.floor(at / 60);
  return `${minutes}:${(at - 60 * minutes).toFixed(at < 600 ? 1 : 0).padStart(at < 600 ? 4 : 2, "0")}`;
}
