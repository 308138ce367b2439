// HyperText with spans. The server sanitizes; the page sanitizes again, into elements it makes itself, so that nothing
// that came with the data can run, load or lead away. A place is said as Label Studio says it: XPaths with offsets in
// code points, and offsets over the whole text.

import { make } from "../dom.js";
import { isDrawing, readField } from "../interface.js";
import { toPoints, toUnits } from "../offsets.js";
import { createSpans, loadLibrary } from "./spans.js";
import { asText } from "./text.js";

const TAGS = new Set(
  ("A ABBR ADDRESS ARTICLE ASIDE B BDI BDO BLOCKQUOTE BR CAPTION CITE CODE COL COLGROUP DD DEL DETAILS DFN DIV DL DT EM FIGCAPTION FIGURE FOOTER H1 H2 H3 H4 H5 H6 " +
    "HEADER HR I IMG INS KBD LI MAIN MARK OL P PRE Q RP RT RUBY S SAMP SECTION SMALL SPAN STRONG SUB SUMMARY SUP TABLE TBODY TD TFOOT TH THEAD TIME TR U UL VAR WBR").split(" "),
); // prettier-ignore
const GONE = new Set("SCRIPT STYLE IFRAME OBJECT EMBED TEMPLATE NOSCRIPT SVG MATH TITLE HEAD".split(" "));
const ATTRIBUTES = { "*": ["dir", "lang"], IMG: ["alt", "src"], OL: ["start"], TD: ["colspan", "rowspan"], TH: ["colspan", "rowspan"] };
const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/;
const DEEPEST = 200;

/** Nodes made anew from untrusted HTML, by an allow-list; parsing it runs and loads nothing. */
export function cleanHtml(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment, 0);
  fragment.normalize();
  return fragment;
}

function copyChildren(from, to, depth) {
  if (depth > DEEPEST) return;
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(document.createTextNode(node.data));
    else if (node.nodeType !== Node.ELEMENT_NODE || GONE.has(node.nodeName.toUpperCase())) continue;
    else if (node.namespaceURI !== "http://www.w3.org/1999/xhtml" || !TAGS.has(node.nodeName)) copyChildren(node, to, depth + 1);
    else to.append(copyElement(node, depth));
  }
}

function copyElement(node, depth) {
  const made = document.createElement(node.localName);
  for (const name of [...ATTRIBUTES["*"], ...(ATTRIBUTES[node.nodeName] ?? [])]) {
    const value = node.getAttribute(name);
    if (value === null || (name === "src" && !PICTURE.test(value))) continue;
    made.setAttribute(name, value);
  }
  copyChildren(node, made, depth + 1);
  return made;
}

/** The text nodes of `root` with where they begin, in UTF-16 units and in code points (a line break is one). */
export function listPieces(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  const pieces = [];
  let [units, points] = [0, 0];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeName === "BR") points += 1;
    if (node.nodeType !== Node.TEXT_NODE) continue;
    const length = toPoints(node.data, node.length);
    pieces.push({ node, units, points, length });
    units += node.length;
    points += length;
  }
  return pieces;
}

/** Like "/div[2]/p[1]/text()[1]", from `root`. */
export function pathOf(root, node) {
  const steps = [];
  for (let at = node; at !== root; at = at.parentNode) {
    const same = [...at.parentNode.childNodes].filter((other) => other.nodeName === at.nodeName);
    steps.unshift(`${at.nodeType === Node.TEXT_NODE ? "text()" : at.localName}[${same.indexOf(at) + 1}]`);
  }
  return `/${steps.join("/")}`;
}

function findNode(root, path) {
  if (!/^(\/([a-z][a-z0-9]*|text\(\))(\[\d+\])?)+$/i.test(path)) return null;
  const steps = path.slice(1).split("/").map((step) => step.match(/^([^[]+)(?:\[(\d+)\])?$/));
  return steps.reduce((at, [, name, index = "1"]) => {
    const wanted = name === "text()" ? "#text" : name.toUpperCase();
    return at && ([...at.childNodes].filter((node) => node.nodeName.toUpperCase() === wanted)[Number(index) - 1] ?? null);
  }, root);
}

export function createPlaces(root) {
  const pieces = listPieces(root);
  const holding = (key, size, at, isEnd) => pieces.find((piece) => (isEnd ? at <= piece[key] + size(piece) : at < piece[key] + size(piece)) && at >= piece[key]);
  const byUnits = (at, isEnd) => holding("units", (piece) => piece.node.length, at, isEnd);
  const byPoints = (at, isEnd) => holding("points", (piece) => piece.length, at, isEnd);
  const text = () => pieces.map(({ node }) => node.data).join("");

  function describe(at, isEnd) {
    const piece = byUnits(at, isEnd);
    const offset = toPoints(piece.node.data, at - piece.units);
    return { path: pathOf(root, piece.node), offset, whole: piece.points + offset };
  }

  function unitsOfPoints(at, isEnd) {
    const piece = byPoints(at, isEnd) ?? (isEnd ? byPoints(at - 1, true) : byPoints(at + 1, false)); // at a line break: beside it
    if (!piece) return null;
    return piece.units + toUnits(piece.node.data, Math.min(Math.max(0, at - piece.points), piece.length));
  }

  function unitsOfPath(path, offset) {
    const found = findNode(root, path);
    const piece = found && pieces.find(({ node }) => node === found || found.contains?.(node));
    return piece ? piece.units + toUnits(piece.node.data, offset) : null;
  }

  return {
    write(start, end) {
      const [first, last] = [describe(start, false), describe(end, true)];
      return {
        start: first.path, startOffset: first.offset, end: last.path, endOffset: last.offset,
        globalOffsets: { start: first.whole, end: last.whole }, text: text().slice(start, end),
      }; // prettier-ignore
    },
    read({ start, end, startOffset, endOffset, globalOffsets }) {
      const whole = globalOffsets ?? (typeof start === "number" ? { start, end } : null);
      const place = whole
        ? { start: unitsOfPoints(whole.start, false), end: unitsOfPoints(whole.end, true) }
        : { start: unitsOfPath(String(start), startOffset), end: unitsOfPath(String(end), endOffset) };
      return place.start !== null && place.end !== null && place.start < place.end ? place : null;
    },
  };
}

export function createSurface({ object, controls, task, session, settings }) {
  const content = make("div", { class: "annotator-reading is-html", dir: "auto", "data-object": object.name }, cleanHtml(asText(readField(object, task))));
  const element = make("div", { class: "annotator-text annotator-spans" }, content);
  if (!controls.some(isDrawing)) return { element };
  const spans = createSpans({ object, content, controls, session, settings, ...createPlaces(content) });
  element.classList.add("is-marked");
  return { element, ready: loadLibrary(), ...spans, destroy: () => spans.hide() };
}
