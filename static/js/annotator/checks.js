// Which controls are asked now, and what is still missing before an answer can be submitted. Pure.

import { isDrawing, isRelations, readLabels, valueKey } from "./interface.js";

function saysOne(entries, name, values) {
  return entries.some((entry) => {
    if (entry.from_name !== name) return false;
    const content = [entry.value?.[valueKey(entry.type)] ?? []].flat().map((one) => (Array.isArray(one) ? one.at(-1) : one));
    return values.length ? content.some((one) => values.includes(String(one))) : content.length > 0;
  });
}

/**
 * Whether a control is asked, given the entries of the answer, the region it would speak of (null for the whole task)
 * and the regions that are selected.
 */
export function isAsked(control, { result, region = null, selection = [] }) {
  return Boolean(control.per_region) === Boolean(region) && areMet(control.when, { result, region, selection });
}

/** Whether conditions all hold: Label Studio's visibleWhen, whenTagName, whenChoiceValue, whenLabelValue. */
export function areMet(conditions, { result, region = null, selection = [] }) {
  const scope = () => (region ? result.filter((entry) => entry.id === region.id) : result.filter((entry) => entry.id === undefined));
  return conditions.every(({ mode = "choice-selected", control: name, values }) => {
    if (mode === "choice-selected") return !name || saysOne(pick(scope(), result, name), name, values);
    if (mode === "choice-unselected") return !name || !saysOne(pick(scope(), result, name), name, values);
    if (mode === "no-region-selected") return !selection.length;
    if (!region) return selection.some((one) => isMeant(one, name, values));
    return isMeant(region, name, values);
  });
}

function isMeant(region, name, values) {
  if (name && region.main.from_name !== name) return false;
  return !values.length || readLabels(region.main).some((label) => values.includes(label));
}

/** A condition about another control looks at the same region first, then at the whole task. */
function pick(scope, result, name) {
  return scope.some((entry) => entry.from_name === name) ? scope : result;
}

const attr = (control, name) => control.attrs?.[name] ?? control.attrs?.[name.toLowerCase()] ?? null;

const PROMPTS = { choices: "Choose", taxonomy: "Choose", rating: "Rate it", number: "The number", textarea: "Write", pairwise: "Which one?" };

/** What a control is called on screen: its title, the header above it, else its name in words ("car_color": "Car color"). */
export function readTitle(control) {
  const given = attr(control, "title") ?? control.heading;
  if (given) return given;
  const name = control.called ?? control.name;
  if (name === "label") return PROMPTS[control.type] ?? "Label"; // so the main control is called where nobody named it
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const hasLabel = ({ labels }, said) =>
  Array.isArray(said) ? labels.some(({ path }) => path?.join("\n") === said.join("\n")) : labels.some(({ value }) => value === said);

/** Labels of an entry that its control does not have (any more). */
function listUnknown(control, { type, value }) {
  const said = value?.[valueKey(type)];
  return control.labels.length && Array.isArray(said) ? said.filter((one) => !hasLabel(control, one)) : [];
}

/** A result that was begun under other labels: what cannot be shown any more goes, regions stay to be labeled anew. */
export function fitResult(view, result) {
  return result.flatMap((entry) => {
    if (entry.type === "relation") return [entry];
    const control = view.find(entry.from_name);
    if (!control) return [];
    const unknown = isDrawing(control) ? [] : listUnknown(control, entry);
    if (!unknown.length) return [entry];
    const key = valueKey(entry.type);
    const rest = entry.value[key].filter((one) => !unknown.includes(one));
    return rest.length ? [{ ...entry, value: { ...entry.value, [key]: rest } }] : [];
  });
}

/** Regions with a label that is gone: [{control, region, words}]. */
function findGone(view, regions) {
  return regions.flatMap((region) => {
    const control = view.find(region.main.from_name);
    const [gone] = control && isDrawing(control) ? listUnknown(control, region.main) : [];
    return gone === undefined ? [] : [{ control, region, words: `“${gone}” is not a label any more: give this region another one, or delete it.` }];
  });
}

/** Labels that more regions have than may: [{control, region, words}], `region` the last of them. */
function findTooMany(view, regions) {
  const uses = new Map(); // control and label -> the regions that have it
  for (const region of regions) {
    for (const value of isDrawing(region.main) ? readLabels(region.main) : []) {
      const name = `${region.main.from_name} ${value}`;
      uses.set(name, [...(uses.get(name) ?? []), region]);
    }
  }
  return view.drawing.flatMap((control) =>
    control.labels.flatMap(({ value, most }) => {
      const limit = most || Number.parseInt(attr(control, "maxUsages"), 10) || Infinity;
      const found = uses.get(`${control.name} ${value}`) ?? [];
      return found.length > limit ? [{ control, region: found.at(-1), words: `“${value}” is used ${found.length} times; at most ${limit} are allowed.` }] : [];
    }),
  );
}

/** What is required and not said: [{control, region, words}], in the order of the page. */
export function findMissing(view, session) {
  const { regions } = session;
  const result = listCounted(view, session);
  const missing = [...findGone(view, regions), ...findTooMany(view, regions)];
  for (const control of view.controls) {
    if (!control.required || isRelations(control) || dependsOnSelection(control)) continue;
    const message = attr(control, "requiredMessage");
    if (isDrawing(control)) {
      if (isAsked(control, { result }) && !result.some((entry) => entry.from_name === control.name)) {
        missing.push({ control, region: null, words: message ?? `Draw at least one region with “${readTitle(control)}”.` });
      }
      continue;
    }
    for (const region of control.per_region ? regions.filter(({ main }) => isAbout(control, main)) : [null]) {
      if (!isAsked(control, { result, region }) || session.get(control.name, region?.id ?? null)) continue;
      missing.push({ control, region, words: message ?? describeMissing(control, region) });
    }
  }
  return missing;
}

/** Whether a per-region control asks about regions of this object. */
export const isAbout = (control, main) => isDrawing(main) && control.targets.includes(main.to_name);

/** Nobody can say afterwards what was selected on screen: such a control is never required. */
const dependsOnSelection = ({ when, per_region: perRegion }) =>
  when.some(({ mode }) => mode === "no-region-selected" || (mode === "region-selected" && !perRegion));

function describeMissing(control, region) {
  const verb = { choices: "Choose", rating: "Rate", taxonomy: "Choose", pairwise: "Choose" }[control.type] ?? "Fill in";
  const of = region ? ` for the region “${readLabels(region.main).join(", ") || region.main.type}”` : "";
  if ((control.called ?? control.name) === "label" && !control.heading) return `Give an answer${of} first.`;
  return `${verb} “${readTitle(control)}”${of}.`;
}

/**
 * The entries that count: what hidden controls still say is left out, and what is asked only because of that. For
 * reading only: masks are large, and copies of them slow.
 */
export function listCounted(view, { entries, regions }) {
  if (!view.controls.some(({ when }) => when.length)) return entries;
  const byId = new Map(regions.map((region) => [region.id, region]));
  for (let before = null, counted = entries; ; ) {
    before = counted;
    counted = before.filter((entry) => {
      const control = view.find(entry.from_name);
      if (!control || entry.type === "relation" || isDrawing(control) || dependsOnSelection(control)) return true;
      return isAsked(control, { result: before, region: entry.id === undefined ? null : (byId.get(entry.id) ?? null) });
    });
    if (counted.length === before.length) return counted;
  }
}
