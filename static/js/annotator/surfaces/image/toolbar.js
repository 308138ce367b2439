// The row of buttons over the picture: the same verbs as the keys, for hands and tablets.

import { make, makeSvg } from "../../dom.js";

const ICONS = {
  "pointer": ["M7.904 17.563a1.2 1.2 0 0 0 2.228 .308l2.09 -3.093l4.907 4.907a1.067 1.067 0 0 0 1.509 0l1.047 -1.047a1.067 1.067 0 0 0 0 -1.509l-4.907 -4.907l3.113 -2.09a1.2 1.2 0 0 0 -.309 -2.228l-13.582 -3.904l3.904 13.563"],
  "minus": ["M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0", "M9 12l6 0"],
  "zoom-in": ["M3 10a7 7 0 1 0 14 0a7 7 0 1 0 -14 0", "M7 10l6 0", "M10 7l0 6", "M21 21l-6 -6"],
  "zoom-out": ["M3 10a7 7 0 1 0 14 0a7 7 0 1 0 -14 0", "M7 10l6 0", "M21 21l-6 -6"],
  "maximize": ["M4 8v-2a2 2 0 0 1 2 -2h2", "M4 16v2a2 2 0 0 0 2 2h2", "M16 4h2a2 2 0 0 1 2 2v2", "M16 20h2a2 2 0 0 0 2 -2v-2"],
  "rotate-clockwise": ["M4.05 11a8 8 0 1 1 .5 4m-.5 5v-5h5"],
  "brightness-up": ["M9 12a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", "M12 5l0 -2", "M17 7l1.4 -1.4", "M19 12l2 0", "M17 17l1.4 1.4", "M12 19l0 2", "M7 17l-1.4 1.4", "M6 12l-2 0", "M7 7l-1.4 -1.4"],
  "eraser": ["M19 20h-10.5l-4.21 -4.3a1 1 0 0 1 0 -1.41l10 -10a1 1 0 0 1 1.41 0l5 5a1 1 0 0 1 0 1.41l-9.2 9.3", "M18 13.3l-6.3 -6.3"],
  "brush": ["M3 21v-4a4 4 0 1 1 4 4h-4", "M21 3a16 16 0 0 0 -12.8 10.2", "M21 3a16 16 0 0 1 -10.2 12.8", "M10.6 9a9 9 0 0 1 4.4 4.4"],
  "copy": ["M7 9.667a2.667 2.667 0 0 1 2.667 -2.667h8.666a2.667 2.667 0 0 1 2.667 2.667v8.666a2.667 2.667 0 0 1 -2.667 2.667h-8.666a2.667 2.667 0 0 1 -2.667 -2.667l0 -8.666", "M4.012 16.737a2.005 2.005 0 0 1 -1.012 -1.737v-10c0 -1.1 .9 -2 2 -2h10c.75 0 1.158 .385 1.5 1"],
  "target": ["M11 12a1 1 0 1 0 2 0a1 1 0 1 0 -2 0", "M7 12a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", "M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0"],
  "stack": ["M12 4l-8 4l8 4l8 -4l-8 -4", "M4 12l8 4l8 -4", "M4 16l8 4l8 -4"],
  "magnet": ["M4 13v-8a2 2 0 0 1 2 -2h1a2 2 0 0 1 2 2v8a2 2 0 0 0 6 0v-8a2 2 0 0 1 2 -2h1a2 2 0 0 1 2 2v8a8 8 0 0 1 -16 0", "M4 8l5 0", "M15 8l4 0"],
  "wand": ["M6 21l15 -15l-3 -3l-15 15l3 3", "M15 6l3 3", "M9 3a2 2 0 0 0 2 2a2 2 0 0 0 -2 2a2 2 0 0 0 -2 -2a2 2 0 0 0 2 -2", "M19 13a2 2 0 0 0 2 2a2 2 0 0 0 -2 2a2 2 0 0 0 -2 -2a2 2 0 0 0 2 -2"],
  "tag": ["M6.5 7.5a1 1 0 1 0 2 0a1 1 0 1 0 -2 0", "M3 6v5.172a2 2 0 0 0 .586 1.414l7.71 7.71a2.41 2.41 0 0 0 3.408 0l5.592 -5.592a2.41 2.41 0 0 0 0 -3.408l-7.71 -7.71a2 2 0 0 0 -1.414 -.586h-5.172a3 3 0 0 0 -3 3"],
}; // prettier-ignore

function drawIcon(name) {
  const paths = ICONS[name].map((d) => makeSvg("path", { d }));
  return makeSvg("svg", { class: "icon is-outline", width: 18, height: 18, viewBox: "0 0 24 24", "aria-hidden": "true" }, ...paths);
}

/** A slider with a name: {icon, words, min, max, step, read(), write(number)}. */
function buildSlider({ icon, words, min, max, step, read, write }) {
  const input = make("input", {
    type: "range", class: "image-slider", min: String(min), max: String(max), step: String(step), "aria-label": words,
    oninput: () => write(Number(input.value)),
  }); // prettier-ignore
  const element = make("label", { class: "image-tool is-slider", title: words }, drawIcon(icon), input);
  return { element, paint: () => void (input.value = String(read())) };
}

/** A button: {icon, words, run, isOn?()}. Without `isOn` it only does something. */
function buildButton({ icon, words, run, isOn }) {
  const button = make(
    "button",
    { type: "button", class: "image-tool", title: words, "aria-label": words, "data-enter-through": "", onclick: () => run() },
    drawIcon(icon),
  );
  return { element: button, paint: () => isOn && button.setAttribute("aria-pressed", String(isOn())) };
}

/** `groups` are lists of what buildButton and buildSlider take, each with `isShown?()`. */
export function createToolbar(groups) {
  const parts = [];
  const element = make(
    "div",
    { class: "image-toolbar", role: "toolbar", "aria-label": "Picture" },
    ...groups.map((group) =>
      make("div", { class: "image-toolgroup" }, ...group.map((spec) => {
        const part = spec.read ? buildSlider(spec) : buildButton(spec);
        parts.push({ ...part, isShown: spec.isShown });
        return part.element;
      })),
    ),
  ); // prettier-ignore
  return {
    element,
    paint() {
      for (const part of parts) {
        part.element.hidden = part.isShown ? !part.isShown() : false;
        part.paint();
      }
    },
  };
}
