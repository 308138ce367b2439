// What a project's labelling interface asks for (docs/decisions/011), with the questions that pages ask of it. Pure.

const DRAWING = /labels$/; // rectanglelabels, labels, timeserieslabels, …: their results are regions
const BARE = new Set(["rectangle", "polygon", "keypoint", "ellipse", "brush"]);

/** The key inside an entry's `value` that holds what a control says. */
export const VALUE_KEYS = Object.freeze({ textarea: "text", pairwise: "selected" });

export const valueKey = (type) => VALUE_KEYS[type] ?? type;
export const isDrawing = (control) => DRAWING.test(control.type) || BARE.has(control.type);
export const isRelations = (control) => control.type === "relation" || control.tag === "Relations";

/** `setup.interface`, or what older pages give: one list of classes or one number. */
export function readInterface(setup) {
  const given = setup.interface ?? buildSimple(setup);
  const controls = given.controls.map(completeControl);
  const byName = new Map(controls.map((control) => [control.name, control]));
  return {
    objects: (given.objects ?? []).map((object) => ({ ...object, when: object.when ?? [] })),
    controls,
    layout: given.layout?.length ? given.layout : listLayout(given.objects ?? [], controls),
    main: given.main ?? controls[0]?.name ?? null,
    quick: findQuick(controls, given.objects ?? []),
    find: (name) => byName.get(name) ?? null,
    drawing: controls.filter(isDrawing),
    relations: controls.find(isRelations) ?? null,
  };
}

const completeControl = (control) => ({
  attrs: {},
  labels: [],
  targets: [control.to].flat(),
  nested: (control.labels ?? []).some(({ parent }) => parent),
  ...control,
  when: [control.when ?? []].flat(), // conditions that must all hold
});

function buildSimple({ label_kind: kind, classes = [], item_kind: item }) {
  const tag = { image: "Image", text: "Text", row: "Table" }[item] ?? "Text";
  const isNumber = kind === "number";
  const labels = classes.map(({ name, key }) => ({ value: name, text: name, color: null, key, parent: null }));
  const control = {
    name: "label", tag: isNumber ? "Number" : "Choices", type: isNumber ? "number" : "choices", to: "item",
    per_region: false, multiple: false, required: true, labels: isNumber ? [] : labels,
  }; // prettier-ignore
  return { objects: [{ name: "item", tag, field: item, attrs: {} }], controls: [control], main: "label" };
}

const listLayout = (objects, controls) => [...objects, ...controls].map(({ name }) => ({ ref: name }));

/** The one control that is answered by one key press, without a submit; null when there is more to say. */
function findQuick(controls, objects) {
  if (controls.length !== 1 || objects.length !== 1) return null;
  const [control] = controls;
  if (control.per_region || control.when.length) return null;
  if (control.type === "number") return control;
  const isPlain = !control.multiple && !control.nested && !control.labels.some(({ selected }) => selected);
  return control.type === "choices" && isPlain && control.labels.length > 0 ? control : null;
}

const PLAIN = { Image: "image", Text: "text", Table: "row" };

/** Whether the item is shown as it comes, without a surface to draw on. */
export const isPlain = (view, task) => Boolean(view.quick) && PLAIN[view.objects[0].tag] === task.kind;

export const listControlsOf = (view, object) => view.controls.filter((control) => control.targets.includes(object.name));

/** What an object shows of a task: its field, or what the configuration says itself; null when there is nothing. */
export function readField(object, task) {
  if (!object.field) return object.attrs?.text ?? null;
  const found = task.data[object.field] ?? task.data.row?.[object.field];
  if (found !== undefined) return found;
  return { Image: task.image, Text: task.text || null, HyperText: task.text || null }[object.tag] ?? null;
}

/** One result entry that says `content`; null when it says nothing. */
export function buildEntry(control, content) {
  const isEmpty = content == null || content === "" || (Array.isArray(content) && content.length === 0);
  if (isEmpty) return null;
  const value = { [valueKey(control.type)]: content };
  return { from_name: control.name, to_name: control.targets[0] ?? control.name, type: control.type, value };
}

/** What an answer begins with: choices that the configuration selects, its numbers and stars, texts out of the task. */
export function listSelected(view, task = null) {
  return view.controls.filter((control) => !control.per_region).flatMap((control) => buildEntry(control, readFirst(control, task)) ?? []);
}

function readFirst(control, task) {
  const { attrs, type } = control;
  if (type === "choices") {
    const selected = control.labels.filter((label) => label.selected).map((label) => (control.nested ? label.path : label.value));
    return control.multiple ? selected : selected.slice(0, 1);
  }
  if (type === "number") return readDefault(control);
  if (type === "rating") return readDefault(control) || null;
  if (type === "textarea" && attrs.value) return readText(attrs.value, task).filter((text) => text.trim());
  return null;
}

/** The number that the configuration gives as the answer to begin with; null for none. */
export function readDefault({ attrs }) {
  const given = attrs?.defaultValue ?? "";
  const number = given === "" ? NaN : Number(given);
  return Number.isFinite(number) ? number : null;
}

function readText(value, task) {
  if (!value.startsWith("$")) return [value];
  const found = task?.data?.[value.slice(1)] ?? task?.data?.row?.[value.slice(1)];
  return found === undefined || found === null ? [] : [found].flat().map(String);
}

/** What stands around a question that is answered by one key: [{text}] or [{field}]. */
export const listHeadings = (nodes) =>
  (nodes ?? []).flatMap((node) => (node.ref !== undefined || node.when?.length ? [] : [...(node.text || node.field ? [{ text: node.text, field: node.field }] : []), ...listHeadings(node.children)]));

/** The labels on a region: class names. */
export function readLabels(entry) {
  const found = entry.value?.[entry.type];
  return Array.isArray(found) ? found : [];
}

export function findColor(view, entry) {
  const [first] = readLabels(entry);
  const control = view.find(entry.from_name);
  return control?.labels.find(({ value }) => value === first)?.color ?? null;
}

const COLORS = ["#4c6ef5", "#e8590c", "#099268", "#c2255c", "#1098ad", "#9c6a00", "#7048e8", "#5c677d", "#d6336c", "#2f9e44"];

/** A color for every label: its own, else one of ten that can be told apart. */
export function paintLabels(view) {
  let next = 0;
  for (const control of view.drawing) {
    for (const label of control.labels) label.color ||= COLORS[next++ % COLORS.length];
  }
  return view;
}

/**
 * A result as this tool has it: what speaks of the whole task has no id, what is drawn and what is said of it has one.
 * Label Studio gives every entry an id of its own.
 */
export function readResult(result) {
  const entries = result ?? [];
  const drawn = new Set(entries.filter((entry) => isDrawing(entry)).map(({ id }) => id));
  return entries.map((entry) => {
    if (entry.id === undefined || entry.type === "relation" || drawn.has(entry.id)) return entry;
    const { id: _, ...rest } = entry;
    return rest;
  });
}

/** What an answer says, in few words, for the line about what was done. */
export function describeResult(result) {
  const words = [];
  const regions = new Map();
  for (const entry of readResult(result)) {
    if (entry.type === "relation") continue;
    if (entry.id !== undefined && isDrawing(entry)) {
      const name = readLabels(entry).join(", ") || entry.type;
      regions.set(name, (regions.get(name) ?? 0) + 1);
    } else if (entry.id === undefined) words.push(describeContent(entry));
  }
  for (const [name, count] of regions) words.push(count === 1 ? name : `${count} × ${name}`);
  return shorten(words.filter(Boolean).join(", ")) || "nothing";
}

function describeContent({ type, value }) {
  const content = value?.[valueKey(type)];
  if (content == null) return "";
  if (type === "rating") return `${content} ${content === 1 ? "star" : "stars"}`;
  if (type === "taxonomy") return content.map((path) => path.join(" › ")).join(", ");
  return Array.isArray(content) ? content.map((one) => (Array.isArray(one) ? one.join(" › ") : one)).join(", ") : String(content);
}

const shorten = (text) => (text.length > 80 ? `${[...text].slice(0, 79).join("")}…` : text);
