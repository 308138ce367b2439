// What the review page draws as the labelling page does, to be looked at only: HyperText with its spans, series with
// their stretches.
import { make } from "../annotator/dom.js";
import { findColor, listControlsOf, readField, readInterface, readLabels } from "../annotator/interface.js";
import { cleanHtml, createPlaces, listPieces } from "../annotator/surfaces/hypertext.js";
import { asText } from "../annotator/surfaces/text.js";
import { createSurface } from "../annotator/surfaces/timeseries.js";
import { drawBars } from "./review-others.js";

const UNCOLORED = "#4c6ef5";

/**
 * Draws what `#review-surfaces` says into its parent, and over it what `others` ({people, isShown}) marked. Returns what
 * takes it away, and layers that are painted anew when others are shown or hidden.
 */
export function drawSurfaces(element, others) {
  const given = element.querySelector("#review-surfaces");
  if (!given) return { stop() {}, layers: [] };
  const { interface: asked, objects, data, regions } = JSON.parse(given.textContent);
  const view = readInterface({ interface: asked });
  const task = { data };
  const drawn = view.objects
    .filter(({ name }) => objects.includes(name))
    .map((object) => {
      const mine = regions.filter(({ to_name: target }) => target === object.name);
      const people = others.people.map((one) => ({ ...one, regions: one.regions.filter(({ to_name: target }) => target === object.name) }));
      const draw = object.tag === "TimeSeries" ? drawSeries : drawPage;
      return draw({ object, task, view, regions: mine, people, isShown: others.isShown, parent: given.parentElement });
    });
  return { stop: () => drawn.forEach(({ stop }) => stop()), layers: drawn };
}

/** Stretches of others lie dashed over the answer's own, in their colors. */
function drawSeries({ object, task, view, regions, people, isShown, parent }) {
  const still = () => () => {};
  let redraw = () => {};
  const listGhosts = () =>
    people.filter(({ id }) => isShown(id)).flatMap(({ id, person, regions: theirs }) => {
      const color = getComputedStyle(document.querySelector(`[data-show="${id}"]`)).getPropertyValue("--tone").trim();
      return theirs.map((main) => ({ ...main, color, words: `${person}: ${readLabels(main).join(", ")}` }));
    }); // prettier-ignore
  const session = { regions: regions.map((main, index) => ({ id: main.id ?? `region ${index}`, main })), selectedIds: [], armed: null, select() {}, subscribe: still };
  const settings = { view, say() {}, regions: { get ghosts() { return listGhosts(); }, isHidden: () => false, isLocked: () => true, subscribe: (paint) => ((redraw = paint), () => {}) } }; // prettier-ignore
  const surface = createSurface({ object, controls: listControlsOf(view, object), task, session, settings });
  parent.append(surface.element);
  surface.show?.();
  return { paint: () => redraw(), stop: () => surface.hide?.() };
}

function drawPage({ object, task, view, regions, people, isShown, parent }) {
  const content = make("div", { class: "review-text annotator-reading is-html", dir: "auto" }, cleanHtml(asText(readField(object, task))));
  parent.append(content);
  const places = createPlaces(content);
  const spans = regions.map((main) => ({ main, place: places.read(main.value) })).filter(({ place }) => place);
  const beside = people.map((one) => ({ ...one, spans: one.regions.flatMap((main) => readPlace(places, main)) })); // before marks change the paths
  for (const { node, units } of listPieces(content)) markPiece(node, units, spans, view);
  return drawBars(content, beside, isShown);
}

function readPlace(places, main) {
  const place = places.read(main.value);
  return place ? [{ ...place, words: readLabels(main).join(", ") }] : [];
}

/** Cuts a text node wherever a span begins or ends, and wraps what is inside spans. `units` is where it begins. */
function markPiece(node, units, spans, view) {
  const end = units + node.length;
  const touching = spans.filter(({ place }) => place.start < end && place.end > units);
  if (!touching.length) return;
  const edges = touching.flatMap(({ place }) => [place.start, place.end]).filter((at) => at > units && at < end);
  const cuts = [...new Set([units, ...edges, end])].sort((a, b) => a - b);
  const parts = cuts.slice(0, -1).map((from, index) => {
    const words = node.data.slice(from - units, cuts[index + 1] - units);
    const over = touching.filter(({ place }) => place.start <= from && cuts[index + 1] <= place.end);
    if (!over.length) return document.createTextNode(words);
    const label = over.map(({ main }) => readLabels(main).join(", ")).join(" + ");
    const isLast = over.some(({ place }) => place.end === cuts[index + 1]);
    const mark = make("mark", { title: label }, words, ...(isLast ? [make("small", {}, label)] : []));
    mark.style.setProperty("--tone", findColor(view, over[0].main) ?? UNCOLORED);
    return mark;
  });
  node.replaceWith(...parts);
}
