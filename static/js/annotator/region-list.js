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
  let isStepping = false; // keys walk through the regions: the relation's end is not chosen yet
  let chosenLink = null; // the relation that keys are about: "from to"
  const unsubscribes = [session.subscribe(hear), regions.subscribe(() => paint())];

  function hear({ type }) {
    if (type === "selected" && relatingFrom !== null && !isStepping) finishRelation();
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
      "li", { class: `annotator-relation${nameLink(relation) === chosenLink ? " is-selected" : ""}` }, make("span", { dir: "auto" }, name(from)),
      make("button", { type: "button", class: "annotator-arrow", title: "Turn the relation round", "data-enter-through": "",
        onclick: () => turnRound(relation) }, ARROWS[direction] ?? "→"),
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
    isStepping = true;
    session.select([ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length]]);
    isStepping = false;
  }

  function startRelation() {
    const [from] = session.selectedIds;
    if (from === undefined) return say("Select the region the relation starts from first.");
    relatingFrom = from;
    say("Now choose the region it leads to: click it, or walk there by key and press this key again. Esc stops.");
    paint();
  }

  function finishRelation() {
    const from = relatingFrom;
    const [to] = session.selectedIds;
    if (to === undefined || to === from) return say("Choose another region for its end.");
    relatingFrom = null;
    const known = view.relations?.labels ?? [];
    const isMade = session.relate(from, to, known.length === 1 ? [known[0].value] : []);
    say(isMade ? "Related." : "These two are related already.");
  }

  const nameLink = ({ from_id: from, to_id: to }) => `${from} ${to}`;

  function chooseLink() {
    const names = session.relations.map(nameLink);
    chosenLink = names[(names.indexOf(chosenLink) + 1) % names.length] ?? null;
    paint();
  }

  /** With the relation that keys are about: the chosen one, else the newest. */
  function withLink(run) {
    const relation = session.relations.find((one) => nameLink(one) === chosenLink) ?? session.relations.at(-1);
    if (!relation) return say("There is no relation yet.");
    chosenLink = nameLink(relation);
    return run(relation);
  }

  const turnRound = ({ from_id: from, to_id: to, direction = "right" }) => session.changeRelation(from, to, { direction: NEXT[direction] ?? "right" });

  /** The next thing that a relation may be called; after the last one nothing. */
  function relabel({ from_id: from, to_id: to, labels = [] }) {
    const names = ["", ...(view.relations?.labels ?? []).map(({ value }) => value)];
    const next = names[(names.indexOf(labels[0] ?? "") + 1) % names.length];
    session.changeRelation(from, to, { labels: next ? [next] : [] });
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
        relate: () => (relatingFrom === null ? startRelation() : finishRelation()),
        "relation-next": chooseLink,
        "relation-turn": () => withLink(turnRound),
        "relation-name": () => withLink(relabel),
        "relation-delete": () => withLink(({ from_id: from, to_id: to }) => session.unrelate(from, to)),
        none: onEscape,
      };
      const isBusy = chosen.length > 0 || relatingFrom !== null || Boolean(session.armed);
      return listRegionVerbs(run, { hasRelations: Boolean(view.relations), hasLinks: session.relations.length > 0, isBusy });
    },
    destroy: () => unsubscribes.forEach((unsubscribe) => unsubscribe()),
  };
}

const round = (number) => (Number.isInteger(number) ? String(number) : number.toFixed(2));
