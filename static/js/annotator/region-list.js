// The regions of an answer as a list: select, hide, lock, delete and relate, by hand or by keys.

import { make } from "./dom.js";
import { findColor, isDrawing, readLabels } from "./interface.js";
import { listRegionVerbs } from "./verbs.js";

const ARROWS = { right: "→", left: "←", bi: "↔" };
const NEXT = { right: "left", left: "bi", bi: "right" };

export function createRegionList({ view, session, regions, say }) {
  const rows = make("ul", { class: "annotator-regions" });
  const links = make("ul", { class: "annotator-relations" });
  const count = make("span", { class: "annotator-count" });
  const element = make(
    "section", { class: "annotator-region-list", "aria-label": "Regions" },
    make("h3", { class: "annotator-question" }, "Regions ", count), rows, links,
  ); // prettier-ignore
  let relatingFrom = null; // the region a relation is being drawn from
  const unsubscribes = [session.subscribe(hear), regions.subscribe(() => paint())];

  function hear({ type }) {
    if (type === "selected" && relatingFrom !== null) finishRelation();
  }

  const listRegions = () => session.regions.filter(({ main }) => isDrawing(main));
  const describe = (region) => readLabels(region.main).join(", ") || region.main.type;

  function describePlace({ main: { value } }) {
    if (typeof value.text === "string") return value.text;
    if (typeof value.start === "number" && value.globalOffsets === undefined) return `${round(value.start)} – ${round(value.end)}`;
    return typeof value.start === "string" ? `${value.start} – ${value.end}` : "";
  }

  function paint() {
    const all = listRegions();
    count.textContent = all.length ? String(all.length) : "";
    rows.replaceChildren(...all.map(buildRow));
    if (!all.length) rows.append(make("li", { class: "text-secondary" }, "None yet."));
    links.replaceChildren(...session.relations.map(buildLink));
    element.classList.toggle("is-relating", relatingFrom !== null);
  }

  function buildRow(region, index) {
    const { id } = region;
    const isSelected = session.selectedIds.includes(id);
    const [hidden, locked] = [regions.isHidden(id), regions.isLocked(id)];
    const color = findColor(view, region.main);
    const icon = (name, words, isOn, run) =>
      make("button", { type: "button", class: `annotator-icon is-${name}`, title: words, "aria-label": `${words}: ${describe(region)}`,
        "aria-pressed": String(isOn), "data-enter-through": "", onclick: (event) => (event.stopPropagation(), run()) }); // prettier-ignore
    return make(
      "li", { class: `annotator-region${isSelected ? " is-selected" : ""}${hidden ? " is-hidden" : ""}`, style: color ? { "--label": color } : {} },
      make("button", { type: "button", class: "annotator-region-name", "data-region": id, "data-enter-through": "",
        "aria-pressed": String(isSelected), onclick: (event) => select(id, event.ctrlKey || event.metaKey || event.shiftKey) },
        make("span", { class: "annotator-region-index" }, String(index + 1)), make("b", { dir: "auto" }, describe(region)),
        make("span", { class: "annotator-region-place", dir: "auto" }, describePlace(region))),
      icon("eye", hidden ? "Show" : "Hide", hidden, () => regions.toggleHidden([id])),
      icon("lock", locked ? "Unlock" : "Lock", locked, () => regions.toggleLocked([id])),
      icon("delete", "Delete", false, () => remove([id])),
    ); // prettier-ignore
  }

  function buildLink(relation) {
    const all = listRegions();
    const name = (id) => {
      const index = all.findIndex((region) => region.id === id);
      return index < 0 ? "?" : `${index + 1} ${describe(all[index])}`;
    };
    const { from_id: from, to_id: to, direction = "right", labels = [] } = relation;
    const known = view.relations?.labels ?? [];
    const pick = make("select", { class: "form-select form-select-sm", "aria-label": "What the relation is",
      onchange: () => session.changeRelation(from, to, { labels: pick.value ? [pick.value] : [] }) }); // prettier-ignore
    pick.append(...["", ...known.map(({ value }) => value)].map((value) => make("option", { value, selected: value === (labels[0] ?? "") }, value || "–")));
    return make(
      "li", { class: "annotator-relation" }, make("span", { dir: "auto" }, name(from)),
      make("button", { type: "button", class: "annotator-arrow", title: "Turn the relation round", "data-enter-through": "",
        onclick: () => session.changeRelation(from, to, { direction: NEXT[direction] ?? "right" }) }, ARROWS[direction] ?? "→"),
      make("span", { dir: "auto" }, name(to)), known.length ? pick : null,
      make("button", { type: "button", class: "annotator-icon is-delete", title: "Delete the relation", "aria-label": "Delete the relation",
        onclick: () => session.unrelate(from, to) }),
    ); // prettier-ignore
  }

  function select(id, isMore) {
    const had = session.selectedIds;
    if (!isMore) session.select([id]);
    else session.select(had.includes(id) ? had.filter((one) => one !== id) : [...had, id]);
  }

  function remove(ids) {
    const free = ids.filter((id) => !regions.isLocked(id));
    if (free.length < ids.length) say("A locked region is not deleted: unlock it first.");
    if (free.length) session.remove(free);
  }

  function step(by) {
    const ids = listRegions().map(({ id }) => id);
    if (!ids.length) return;
    const at = ids.indexOf(session.selectedIds.at(-1));
    session.select([ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length]]);
  }

  function startRelation() {
    const [from] = session.selectedIds;
    if (from === undefined) return say("Select the region the relation starts from first.");
    relatingFrom = from;
    say("Now choose the region it leads to. Esc stops.");
    paint();
  }

  function finishRelation() {
    const from = relatingFrom;
    const [to] = session.selectedIds;
    if (to === undefined || to === from) return;
    relatingFrom = null;
    const known = view.relations?.labels ?? [];
    const isMade = session.relate(from, to, known.length === 1 ? [known[0].value] : []);
    say(isMade ? "Related." : "These two are related already.");
  }

  function onEscape() {
    if (document.activeElement?.matches("input, textarea, select")) document.activeElement.blur();
    else if (relatingFrom !== null) {
      relatingFrom = null;
      say("");
      paint();
    } else if (session.selectedIds.length) session.select([]);
    else session.arm(null);
  }

  return {
    element,
    paint,
    verbs() {
      const chosen = session.selectedIds;
      const run = {
        next: () => step(1),
        previous: () => step(-1),
        delete: () => remove(chosen),
        hide: () => chosen.length && regions.toggleHidden(chosen),
        lock: () => chosen.length && regions.toggleLocked(chosen),
        all: () => session.select(listRegions().map(({ id }) => id)),
        relate: startRelation,
        none: onEscape,
      };
      const isBusy = chosen.length > 0 || relatingFrom !== null || Boolean(session.armed);
      return listRegionVerbs(run, { hasRelations: Boolean(view.relations), isBusy });
    },
    destroy: () => unsubscribes.forEach((unsubscribe) => unsubscribe()),
  };
}

const round = (number) => (Number.isInteger(number) ? String(number) : number.toFixed(2));
