// The panel beside the item: the questions about the whole task, the regions, and what is asked of the selected one.

import { isAbout, isAsked, listCounted, readTitle } from "./checks.js";
import { createControl } from "./controls/index.js";
import { make } from "./dom.js";
import { isDrawing, isRelations } from "./interface.js";
import { createRegionList } from "./region-list.js";

export function createPanel({ view, session, regions, settings }) {
  const questions = make("div", { class: "annotator-questions" });
  const ofRegion = make("div", { class: "annotator-of-region", hidden: true });
  const list = view.drawing.length ? createRegionList({ view, session, regions, say: settings.say }) : null;
  const element = make("div", { class: "annotator-panel-body" }, questions, list?.element, ofRegion);
  const asked = view.controls.filter((control) => !isDrawing(control) && !isRelations(control));
  const plain = asked.filter((control) => !control.per_region);
  const perRegion = asked.filter((control) => control.per_region);
  const parts = new Map(plain.map((control) => [control.name, buildPart(control, null)]));
  let regionParts = [];
  let regionId = null;

  const unsubscribe = session.subscribe(() => paint());

  function buildPart(control, id) {
    const error = make("p", { class: "annotator-error", role: "alert" });
    const title = make("h3", { class: "annotator-question", dir: "auto" });
    const body = createControl({ control, session, id, settings });
    const section = make("section", { class: "annotator-control", "data-control": control.name }, title, body.element, error);
    const part = { control, section, title, error, body };
    setTitle(part, null);
    return part;
  }

  function setTitle(part, heading) {
    if (heading) part.control.heading = heading;
    const isAlone = plain.length === 1 && !heading && !part.control.attrs.title;
    part.title.textContent = isAlone ? "" : readTitle(part.control);
    part.title.hidden = isAlone;
    if (part.control.required && !isAlone) part.title.append(make("span", { class: "annotator-required", title: "Required" }, "*"));
    part.body.element.setAttribute("aria-label", readTitle(part.control));
  }

  function showRegionParts() {
    const [id] = session.selectedIds;
    const region = session.selectedIds.length === 1 ? session.regions.find((one) => one.id === id) : null;
    const wanted = region && isDrawing(region.main) ? id : null;
    if (wanted === regionId) return;
    regionParts.forEach((part) => part.body.destroy?.());
    regionId = wanted;
    regionParts = wanted === null ? [] : perRegion.filter((control) => isAbout(control, region.main)).map((control) => buildPart(control, id));
    ofRegion.replaceChildren(...regionParts.map((part) => part.section));
  }

  function paint() {
    showRegionParts();
    const { regions: all } = session;
    const result = listCounted(view, session);
    const selected = all.filter(({ id }) => session.selectedIds.includes(id));
    const region = regionId === null ? null : all.find(({ id }) => id === regionId);
    for (const part of parts.values()) {
      part.section.hidden = !isAsked(part.control, { result, selection: selected });
      if (!part.section.hidden) part.body.paint();
      if (session.get(part.control.name)) part.error.textContent = "";
    }
    for (const part of regionParts) {
      part.section.hidden = !region || !isAsked(part.control, { result, region });
      if (!part.section.hidden) part.body.paint();
      if (session.get(part.control.name, regionId)) part.error.textContent = "";
    }
    ofRegion.hidden = !regionParts.some((part) => !part.section.hidden);
    list?.paint();
  }

  const listLive = () => [...parts.values(), ...regionParts].filter((part) => !part.section.hidden);

  return {
    element,
    paint,
    get isEmpty() {
      return !parts.size && !list;
    },

    /** A header that comes and goes by itself. */
    append: (element) => questions.append(element),

    /** Put a control where the layout has it, under the header before it. */
    place(name, heading) {
      const part = parts.get(name);
      if (heading && !part) questions.append(make("h2", { class: "annotator-heading", dir: "auto" }, heading));
      if (!part) return;
      setTitle(part, heading);
      questions.append(part.section);
    },

    /** Where a text is the only question, letters are its words from the start and no commands. */
    focusText() {
      const [only] = view.controls;
      if (view.controls.length === 1 && only.type === "textarea") parts.get(only.name)?.body.focus();
    },

    controlVerbs: () => listLive().flatMap(({ control, body }) => (body.verbs?.() ?? []).map((verb) => ({ group: readTitle(control), ...verb }))),
    regionVerbs: () => list?.verbs() ?? [],

    listProblems: () =>
      listLive().flatMap((part) => {
        const words = part.body.problem?.();
        return words ? [{ control: part.control, region: regionParts.includes(part) ? { id: regionId } : null, words }] : [];
      }),

    /** Say what is missing, and go to the first of it. Returns the sentence. */
    markMissing(missing) {
      for (const part of listLive()) part.error.textContent = "";
      const [first] = missing;
      if (first?.region && first.region.id !== regionId) session.select([first.region.id]);
      for (const { control, region, words } of missing) {
        const part = region ? regionParts.find((one) => one.control === control && region.id === regionId) : parts.get(control.name);
        if (part) part.error.textContent = words;
      }
      const part = first && listLive().find((one) => one.control === first.control);
      part?.section.scrollIntoView({ block: "nearest" });
      part?.body.focus?.();
    },

    destroy() {
      unsubscribe();
      list?.destroy();
      for (const part of [...parts.values(), ...regionParts]) part.body.destroy?.();
    },
  };
}
