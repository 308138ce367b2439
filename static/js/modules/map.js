// The map's page: loads points and colors, draws them, and turns chosen points into a selection with an address.

import { readColors, readPoints } from "./map-codec.js";
import { buildGrid, findInside } from "./map-geometry.js";
import { showLegend } from "./map-legend.js";
import { buildPalette, paintPoints } from "./map-palette.js";
import { followPointer } from "./map-pointer.js";
import { createView } from "./map-view.js";

const NONE = 0xffff;
const HOVER_PIXELS = 10;
const HOVER_DELAY = 140;
const SHOWN_NAMES = 14;
const STILL = 400; // milliseconds after which the address says where the map was moved to

async function fetchBytes(url, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.arrayBuffer();
}

export function mount(root) {
  const abort = new AbortController();
  const { signal } = abort;
  const find = (selector) => root.querySelector(selector);
  const [canvas, overlay, status, peek, panel] = ["[data-canvas]", "[data-overlay]", "[data-status]", "[data-peek-box]", "[data-selected]"].map(find);
  const empty = panel.innerHTML;
  const state = { points: null, nearest: null, coloring: null, excluded: null, chosen: null, palette: buildPalette(), outline: null, tool: "pan" };
  const view = createView(canvas, drawOverlay);
  root.dataset.painter = view.kind;

  function say(text, isError = false) {
    status.textContent = text;
    status.hidden = !text;
    status.classList.toggle("is-error", isError);
  }

  // Drawing

  const isHidden = (point) => state.excluded !== null && state.excluded[point] !== 0 && state.coloring?.legend.by !== "excluded";

  function repaint() {
    if (!state.coloring) return;
    const isDim = state.chosen ? (point) => !state.chosen[point] : () => false;
    view.setColors(paintPoints(state.coloring, state.palette, isHidden, isDim));
  }

  function drawOverlay() {
    if (state.isReady) rememberPlace();
    const pen = overlay.getContext("2d");
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [overlay.clientWidth * ratio, overlay.clientHeight * ratio].map(Math.round);
    if (overlay.width !== width || overlay.height !== height) Object.assign(overlay, { width, height });
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, overlay.clientWidth, overlay.clientHeight);
    const style = getComputedStyle(overlay);
    if (state.outline) drawOutline(pen, style.caretColor);
    else if (state.points) drawNames(pen, style);
  }

  function drawOutline(pen, color) {
    pen.beginPath();
    state.outline.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
    pen.globalAlpha = 0.12;
    pen.fillStyle = pen.strokeStyle = color;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }

  function drawNames(pen, style) {
    pen.font = `600 12px ${style.fontFamily}`;
    pen.textAlign = "center";
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    const taken = [];
    for (const button of [...root.querySelectorAll("[data-clusters] [data-name]")].slice(0, SHOWN_NAMES)) {
      const [x, y] = view.toPage([Number(button.dataset.x), Number(button.dataset.y)]);
      const half = pen.measureText(button.dataset.name).width / 2 + 4;
      if (x < 0 || y < 0 || x > overlay.clientWidth || y > overlay.clientHeight) continue;
      if (taken.some(([ox, oy, other]) => Math.abs(ox - x) < half + other && Math.abs(oy - y) < 16)) continue;
      taken.push([x, y, half]);
      pen.strokeStyle = style.outlineColor; // resolved by the browser: a canvas cannot read light-dark()
      pen.strokeText(button.dataset.name, x, y);
      pen.fillStyle = style.color;
      pen.fillText(button.dataset.name, x, y);
    }
  }

  // Choosing

  async function choose(points, title) {
    const visible = points.filter((point) => !isHidden(point));
    if (!visible.length) { clear(); return; }
    state.chosen = new Uint8Array(state.points.ids.length);
    for (const point of visible) state.chosen[point] = 1;
    repaint();
    panel.setAttribute("aria-busy", "true");
    const body = new URLSearchParams({ items: visible.map((point) => state.points.ids[point]).join(","), title });
    await showPanel(root.dataset.select, { method: "POST", body });
    const id = panel.querySelector("[data-selection-id]")?.dataset.selectionId;
    if (id) remember("selection", id);
  }

  async function showPanel(url, options = {}) {
    const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
    try {
      const answer = await fetch(url, { ...options, signal, credentials: "same-origin", headers: { "HX-Request": "true", "X-CSRFToken": token } });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      panel.innerHTML = await answer.text();
    } catch (error) {
      if (signal.aborted) return;
      panel.textContent = `The chosen items could not be loaded: ${error.message}. Choose them again.`;
    } finally {
      panel.removeAttribute("aria-busy");
    }
  }

  function clear() {
    state.chosen = null;
    panel.innerHTML = empty.includes("Loading the selection") ? '<div class="card-body text-secondary">Nothing chosen.</div>' : empty;
    remember("selection", "");
    repaint();
  }

  function remember(name, value) {
    const url = new URL(window.location.href);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    window.history.replaceState(null, "", url);
  }

  let waiting = 0;

  function rememberPlace() {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(writePlace, STILL);
  }

  function writePlace() {
    const [x, y, zoom] = view.place().map((number) => Number(number.toPrecision(5)));
    const place = x === 0 && y === 0 && zoom === 1 ? "" : [x, y, zoom].join(",");
    if (place !== (new URL(window.location.href).searchParams.get("at") ?? "")) remember("at", place);
  }

  function restorePlace() {
    const [x, y, zoom] = root.dataset.place.split(",").map(Number);
    if (zoom > 0) view.lookAt([x, y], zoom);
    state.isReady = true;
  }

  async function restoreSelection() {
    if (!root.dataset.selection) return;
    await showPanel(root.dataset.selection);
    const ids = new Set((panel.querySelector("[data-ids]")?.dataset.ids ?? "").split(",").map(Number));
    state.chosen = new Uint8Array(state.points.ids.length);
    state.points.ids.forEach((id, point) => { if (ids.has(id)) state.chosen[point] = 1; });
    repaint();
  }

  // Looking closer

  let hovering = 0;
  let hovered = -1;

  function findAt(at) {
    if (!state.nearest) return -1;
    const [x, y] = view.toMap(at);
    return state.nearest(x, y, HOVER_PIXELS / view.unit(), (point) => !isHidden(point));
  }

  function hover(at) {
    const point = findAt(at);
    canvas.style.cursor = point >= 0 ? "pointer" : "";
    if (point === hovered) return;
    leave();
    hovered = point;
    if (point >= 0) hovering = window.setTimeout(() => showPeek(point), HOVER_DELAY);
  }

  async function showPeek(point) {
    const answer = await fetch(root.dataset.peek.replace("/0/", `/${state.points.ids[point]}/`), { signal, credentials: "same-origin" });
    if (!answer.ok || point !== hovered) return;
    peek.innerHTML = await answer.text();
    const [x, y] = view.toPage([state.points.x[point], state.points.y[point]]);
    peek.style.left = `${Math.min(Math.max(x + 14, 4), canvas.clientWidth - 200)}px`;
    peek.style.top = `${y > canvas.clientHeight / 2 ? Math.max(4, y - 200) : y + 14}px`;
    peek.hidden = false;
  }

  function leave() {
    window.clearTimeout(hovering);
    hovered = -1;
    peek.hidden = true;
  }

  function setTool(tool) {
    state.tool = tool;
    for (const button of root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    canvas.classList.toggle("is-drawing", tool !== "pan");
  }

  const reset = () => view.lookAt([0, 0], 1);
  followPointer(canvas, () => state.tool, {
    pan: view.panBy, zoom: view.zoomBy, hover, leave, reset, clear, tool: setTool,
    outline: (outline) => { state.outline = outline; drawOverlay(); },
    done: (outline) => {
      if (!state.points) return;
      const found = findInside(state.points.x, state.points.y, outline.map(view.toMap));
      choose(found, `${found.length} item${found.length === 1 ? "" : "s"} from the map`);
    },
    click: (at) => {
      const point = findAt(at);
      if (point >= 0) window.location.assign(root.dataset.item + state.points.ids[point]);
      else if (state.chosen) clear();
    },
  }, signal);

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    if (button.dataset.tool) setTool(button.dataset.tool);
    else if (button.dataset.zoom === "all") reset();
    else if (button.dataset.zoom) view.zoomBy(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5, middle);
    else if ("clear" in button.dataset) clear();
  }, { signal });

  find("[data-clusters]").addEventListener("submit", (event) => {
    if (!state.points || !event.submitter) return;
    event.preventDefault();
    const wanted = Number(event.submitter.value);
    const points = [];
    state.points.clusters.forEach((cluster, point) => { if (cluster === wanted) points.push(point); });
    choose(points, event.submitter.dataset.name);
  }, { signal });

  find("[data-save-view]")?.addEventListener("submit", (event) => { // what is shown now, not when the page was loaded
    writePlace();
    const { pathname, searchParams, search } = new URL(window.location.href);
    if (!searchParams.has("map")) searchParams.set("map", root.dataset.map);
    event.target.elements.query.value = searchParams.toString();
    event.target.elements.next.value = pathname + search;
  }, { signal });

  find("[data-color-by]").addEventListener("change", (event) => color(event.target.value), { signal });
  const onTheme = () => { state.palette = buildPalette(); showColors(); };
  document.addEventListener("gristmill:theme", onTheme, { signal });

  // Loading

  const colorsUrl = (by) => root.dataset.colors.replace(/[^/]*$/, /^[a-z]+$/.test(by) ? by : `other?by=${encodeURIComponent(by)}`);
  let asked = ""; // two colors may be on their way: the one asked for last counts

  async function color(by) {
    say("Loading colors…");
    asked = by;
    try {
      const bytes = await fetchBytes(colorsUrl(by), signal);
      if (by !== asked) return;
      state.coloring = readColors(bytes);
      showColors();
      remember("color", by === "label" ? "" : by);
      say("");
    } catch (error) {
      if (!signal.aborted && by === asked) say(`The colors could not be loaded: ${error.message}. Choose them again.`, true);
    }
  }

  function showColors() {
    if (!state.coloring) return;
    repaint();
    showLegend(find("[data-legend]"), find("[data-legend-title]"), state.coloring, state.palette, choose);
    const isByCluster = state.coloring.legend.by === "cluster";
    for (const swatch of root.querySelectorAll("[data-swatch]")) {
      swatch.style.background = isByCluster ? `rgb(${state.palette.series(Number(swatch.dataset.swatch)).join(" ")})` : "";
    }
  }

  async function load() {
    const [points, excluded] = await Promise.all([fetchBytes(root.dataset.points, signal), fetchBytes(colorsUrl("excluded"), signal)]);
    state.points = readPoints(points);
    const hidden = readColors(excluded);
    const out = hidden.legend.entries.findIndex((entry) => entry.name === "excluded");
    state.excluded = hidden.values.map((code) => (code === out || code === NONE ? 1 : 0));
    view.setPoints(state.points.x, state.points.y);
    state.nearest = buildGrid(state.points.x, state.points.y);
    restorePlace();
    await color(root.dataset.color);
    await restoreSelection();
    root.classList.add("is-drawn");
  }

  load().catch((error) => {
    if (!signal.aborted) say(`The map could not be loaded: ${error.message}. Reload the page to try again.`, true);
  });
  root.mapView = view; // what a benchmark times
  return () => { abort.abort(); window.clearTimeout(hovering); window.clearTimeout(waiting); view.destroy(); };
}
