// The review desk: keeps the answer in view, gives the reason field back to the keys, and paints masks over the picture.
import { decodeMask } from "../annotator/surfaces/image/rle.js";

const OPACITY = 0.45;

export function mount(element) {
  element.querySelector(".review-list [aria-current]")?.scrollIntoView({ block: "nearest" });
  paintMasks(element);
  const reason = element.querySelector("[data-reason]");
  const onKey = (event) => {
    if (event.key === "Escape") reason.blur();
  };
  reason?.addEventListener("keydown", onKey);
  return () => reason?.removeEventListener("keydown", onKey);
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
