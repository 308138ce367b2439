// A picture fetched and decoded ahead. The full one is decoded by the browser when it is shown, which takes longer than
// a key press may for large files; so a copy of screen size is decoded before, off the main thread, and lies below.

import { make } from "../../dom.js";

const SCREEN_SIDE = 1440; // of the copy; smaller pictures need none

/** Scale of the copy: 1 when the picture itself is no larger. */
const shrinkOf = ({ naturalWidth: width, naturalHeight: height }) => Math.min(1, SCREEN_SIDE / Math.max(width, height, 1));

async function fetchPicture(url) {
  if (!url) throw new Error("This item has no picture to show here.");
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`The picture could not be fetched: the server answered ${answer.status}.`);
  return answer.blob();
}

/** {image, copy, ready, release()}; put `copy`, a canvas, below `image`, both as large as each other. */
export function loadPicture(url, alt) {
  const image = make("img", { class: "image-picture", alt, draggable: false });
  const copy = make("canvas", { class: "image-picture", "aria-hidden": "true" });

  async function load() {
    const blob = await fetchPicture(url);
    const address = URL.createObjectURL(blob);
    image.src = address;
    try {
      await waitUntilLoaded(image);
      const shrink = shrinkOf(image);
      if (shrink === 1) await image.decode();
      else await drawCopy(blob, shrink);
      image.decoding = shrink === 1 ? "sync" : "async";
    } finally {
      URL.revokeObjectURL(address);
    }
  }

  async function drawCopy(blob, shrink) {
    const [resizeWidth, resizeHeight] = [image.naturalWidth, image.naturalHeight].map((side) => Math.max(1, Math.round(side * shrink)));
    const bitmap = await createImageBitmap(blob, { resizeWidth, resizeHeight, resizeQuality: "medium" });
    [copy.width, copy.height] = [resizeWidth, resizeHeight];
    copy.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
  }

  return {
    image,
    copy,
    ready: load(),
    /** Give the copy's memory back; when it is looked at again, the picture itself is waited for. */
    release() {
      if (copy.width <= 1) return;
      [copy.width, copy.height] = [1, 1];
      image.decoding = "sync";
    },
  };
}

function waitUntilLoaded(image) {
  return new Promise((resolve, reject) => {
    image.addEventListener("load", resolve, { once: true });
    image.addEventListener("error", () => reject(new Error("The picture cannot be read.")), { once: true });
  });
}
