// The review desk: keeps the answer in view, gives the reason field back to the keys, paints masks over the picture,
// draws HyperText and series with their regions, and plays the parts of a sound that were marked.
import { decodeMask } from "../annotator/surfaces/image/rle.js";
import { drawSurfaces } from "./review-surfaces.js";

const OPACITY = 0.45;

export function mount(element) {
  element.querySelector(".review-list [aria-current]")?.scrollIntoView({ block: "nearest" });
  paintMasks(element);
  const takeAway = drawSurfaces(element);
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

function paintMasks(element) {
  const given = element.querySelector("#review-masks");
  if (!given) return;
  for (const mask of JSON.parse(given.textContent)) given.parentElement.append(paintMask(mask));
  for (const canvas of given.parentElement.querySelectorAll("canvas")) tint(canvas);
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
