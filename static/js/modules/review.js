// The review desk: keeps the answer in view, gives the reason field back to the keys, paints masks over the picture,
// draws HyperText and series with their regions, and plays the parts of a sound that were marked.
import { decodeMask } from "../annotator/surfaces/image/rle.js";
import { createOthers, drawBars, readSpans } from "./review-others.js";
import { drawSurfaces } from "./review-surfaces.js";

const OPACITY = 0.45;

export function mount(element) {
  element.querySelector(".review-list [aria-current]")?.scrollIntoView({ block: "nearest" });
  let layers = [];
  const others = createOthers(element, () => layers.forEach((layer) => layer.paint()));
  paintMasks(element, others.people);
  const { stop: takeAway, layers: drawn } = drawSurfaces(element, others);
  layers = [...drawn, ...drawText(element, others)];
  others.paint();
  const reason = element.querySelector("[data-reason]");
  const onKey = (event) => {
    if (event.key === "Escape") reason.blur();
  };
  reason?.addEventListener("keydown", onKey);
  const stop = playParts(element);
  return () => {
    reason?.removeEventListener("keydown", onKey);
    stop();
    takeAway();
    layers.forEach((layer) => layer.stop?.());
  };
}

/** A click on a part plays it to its end. Returns what stops listening. */
function playParts(element) {
  const player = element.querySelector("audio.sound-player");
  let end = Infinity;
  const onClick = (event) => {
    const part = event.target.closest("[data-start]");
    if (!part || !player) return;
    player.currentTime = Number(part.dataset.start);
    end = Number(part.dataset.end);
    player.play().catch(() => part.setAttribute("title", "This browser cannot play it"));
  };
  const onTime = () => {
    if (player.currentTime < end) return;
    player.pause();
    end = Infinity;
  };
  element.addEventListener("click", onClick);
  player?.addEventListener("timeupdate", onTime);
  return () => {
    element.removeEventListener("click", onClick);
    player?.removeEventListener("timeupdate", onTime);
  };
}

/** Bars under what others marked in a plain text. */
function drawText(element, { people, isShown }) {
  const root = element.querySelector("p.review-text");
  if (!root || !people.length) return [];
  return [drawBars(root, people.map((one) => ({ ...one, spans: readSpans(root, one.regions) })), isShown)];
}

function paintMasks(element, people) {
  const picture = element.querySelector(".review-picture");
  if (!picture) return;
  const given = element.querySelector("#review-masks");
  const own = given ? JSON.parse(given.textContent) : [];
  for (const mask of own) picture.append(paintMask(mask));
  for (const { id, masks } of people) {
    for (const mask of masks) {
      const canvas = paintMask(mask);
      Object.assign(canvas.dataset, { other: id });
      picture.append(canvas);
    }
  }
  for (const canvas of picture.querySelectorAll("canvas")) tint(canvas);
}

function paintMask({ label, tone, rle, width, height }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height, className: `tone-${tone}`, role: "img" });
  canvas.setAttribute("aria-label", label ? `painted: ${label}` : "painted");
  const pixels = new ImageData(width, height);
  try {
    for (const [place, isSet] of decodeMask(rle, width, height).entries()) if (isSet) pixels.data[place * 4 + 3] = 255 * OPACITY;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    canvas.setAttribute("aria-label", `painted: ${label}, but the mask does not fit the picture`);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

/** Colors what is painted; the page must hold the canvas, the style sheet gives the color. */
function tint(canvas) {
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "source-in";
  context.fillStyle = getComputedStyle(canvas).color;
  context.fillRect(0, 0, canvas.width, canvas.height);
}
