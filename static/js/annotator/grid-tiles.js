// What the tiles of a grid look like, and the box that is drawn over them.

import { make } from "./dom.js";
import { listTouched } from "./grid-selection.js";

const CELLS = 6; // of a row, on its tile
const DRAG_FROM = 6; // pixels; less is a click
const SHOWN_CHARS = 320;

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function buildContent(task, addressOf) {
  if (task.kind === "image") {
    const image = new Image();
    image.className = "label-grid-image";
    image.alt = task.source ? `Item ${task.itemId}: ${task.source}` : `Item ${task.itemId}`;
    image.draggable = false;
    image.src = addressOf(task);
    return image;
  }
  if (task.kind === "text") {
    const text = element("p", "label-grid-text", task.text.slice(0, SHOWN_CHARS));
    text.dir = "auto";
    return text;
  }
  const list = element("dl", "label-grid-row");
  for (const [name, value] of task.fields.filter(([, value]) => !task.sound || value !== task.sound).slice(0, CELLS)) {
    list.append(element("dt", "", name), element("dd", "", value === null ? "—" : String(value)));
  }
  if (!task.sound) return list;
  const player = make("audio", { class: "label-grid-sound", controls: true, preload: "none", src: task.sound, "aria-label": `Sound of item ${task.itemId}` });
  return make("div", {}, player, list);
}

/** `addressOf(task)` is where its small picture is. */
export function createTiles({ root, addressOf, guessOf }) {
  const built = new Map(); // task id -> tile, also of pages to come

  function build(task) {
    const tile = element("div", "label-grid-tile");
    tile.role = "option";
    tile.dataset.task = task.id;
    const guess = guessOf(task);
    const score = guess?.score == null ? "" : ` ${Math.round(guess.score * 100)} %`;
    tile.append(buildContent(task, addressOf), element("span", "label-grid-label"), element("span", "label-grid-verdict"));
    const magnifier = element("span", "label-grid-magnifier", "⤢"); // by keys there is a verb for it
    magnifier.title = "Look at it large";
    magnifier.ariaHidden = "true";
    tile.append(magnifier);
    if (guess) tile.append(element("span", "label-grid-guess", `${guess.value}${score}`));
    return tile;
  }

  function find(task) {
    if (!built.has(task.id)) built.set(task.id, build(task));
    return built.get(task.id);
  }

  function paintVerdict(tile, verdict) {
    tile.classList.toggle("is-right", Boolean(verdict?.isRight));
    tile.classList.toggle("is-wrong", verdict?.isRight === false);
    tile.querySelector(".label-grid-verdict").textContent = verdict ? (verdict.isRight ? "right" : `expected: ${verdict.expected}`) : "";
  }

  /** One class in a line; several each in a chip of its own, all of them on the tile. */
  function paintLabel(label, answer) {
    label.classList.toggle("is-set", Boolean(answer?.classes?.length));
    if (answer?.classes?.length) label.replaceChildren(...answer.classes.map((name) => make("span", { dir: "auto", title: name }, name)));
    else label.textContent = answer ? (answer.kind === "skip" ? "skipped" : answer.value) : "";
  }

  return {
    /** Fetch and decode the pictures of a page before its turn comes. */
    async prepare(tasks) {
      const images = tasks.map((task) => find(task).querySelector("img")).filter(Boolean);
      await Promise.allSettled(images.map((image) => image.decode()));
    },
    forget(tasks) {
      for (const task of tasks) built.delete(task.id);
    },

    /** Draw a page: `answerOf(task)`, `verdictOf(task)` and `selection` say how each tile looks. */
    paint(tasks, { answerOf, verdictOf, selection }) {
      const tiles = tasks.map(find);
      const isSame = root.children.length === tiles.length && tiles.every((tile, n) => root.children[n] === tile);
      if (!isSame) root.replaceChildren(...tiles);
      tiles.forEach((tile, place) => {
        const answer = answerOf(tasks[place]);
        tile.id = `tile-${place}`;
        tile.ariaSelected = String(selection.has(place));
        tile.classList.toggle("is-focus", selection.focus === place);
        tile.classList.toggle("is-done", Boolean(answer) && answer.kind !== "draft");
        tile.classList.toggle("is-draft", answer?.kind === "draft");
        paintVerdict(tile, answer && verdictOf(tasks[place]));
        paintLabel(tile.querySelector(".label-grid-label"), answer);
      });
      root.setAttribute("aria-activedescendant", `tile-${selection.focus}`);
    },
    scrollToFocus(place) {
      root.children[place]?.scrollIntoView({ block: "nearest" });
    },
    countColumns() {
      const [first, ...others] = [...root.children];
      if (!first) return 1;
      const next = others.findIndex((tile) => tile.offsetTop > first.offsetTop);
      return next < 0 ? root.children.length : next + 1;
    },
    placeOf(target) {
      const tile = target.closest?.(".label-grid-tile");
      return tile ? [...root.children].indexOf(tile) : -1;
    },
  };
}

/** Draw a box with the mouse or a pen; a finger scrolls. Returns what stops it. */
export function listenToBox(root, { onStart, onBox, onEnd, onClick }) {
  let start = null;
  let box = null;

  const pointOf = (event) => {
    const frame = root.getBoundingClientRect();
    return { x: event.clientX - frame.left + root.scrollLeft, y: event.clientY - frame.top + root.scrollTop };
  };

  function down(event) {
    if (event.button !== 0 || event.pointerType === "touch" || event.target.closest("audio")) return;
    start = { ...pointOf(event), target: event.target, isAdding: event.shiftKey || event.ctrlKey || event.metaKey };
  }

  function move(event) {
    if (!start) return;
    const { x, y } = pointOf(event);
    if (!box) {
      if (Math.hypot(x - start.x, y - start.y) < DRAG_FROM) return;
      box = element("div", "label-grid-box");
      root.append(box);
      root.setPointerCapture(event.pointerId);
      onStart();
    }
    const frame = { left: Math.min(x, start.x), right: Math.max(x, start.x), top: Math.min(y, start.y), bottom: Math.max(y, start.y) };
    Object.assign(box.style, { left: `${frame.left}px`, top: `${frame.top}px`, width: `${frame.right - frame.left}px`, height: `${frame.bottom - frame.top}px` });
    const tiles = [...root.querySelectorAll(".label-grid-tile")].map((tile) => ({
      left: tile.offsetLeft,
      top: tile.offsetTop,
      right: tile.offsetLeft + tile.offsetWidth,
      bottom: tile.offsetTop + tile.offsetHeight,
    }));
    onBox(listTouched(frame, tiles), start.isAdding);
  }

  function up(event) {
    if (box) {
      box.remove();
      onEnd();
    } else if (start || (event.pointerType === "touch" && !event.target.closest("audio"))) {
      onClick(event);
    }
    start = box = null;
  }

  function cancel() {
    box?.remove();
    start = box = null;
  }

  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: cancel };
  for (const [type, listener] of Object.entries(listeners)) root.addEventListener(type, listener);
  return () => {
    for (const [type, listener] of Object.entries(listeners)) root.removeEventListener(type, listener);
  };
}
