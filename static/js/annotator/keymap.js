// Which key does what: a person's own choice first, then what each verb comes with, labels before tools, then its next
// choices. Pure.

/** "Shift+s", "Ctrl+Shift+z", "1", "?" as {key, ctrl, shift}. */
export function readChord(chord) {
  const parts = chord === "+" ? ["+"] : chord.split("+");
  if (chord.endsWith("++")) parts.splice(-2, 2, "+");
  const key = parts.pop();
  return { key: key.length === 1 ? key.toLowerCase() : key, ctrl: parts.includes("Ctrl"), shift: parts.includes("Shift") };
}

export function writeChord({ key, ctrl = false, shift = false }) {
  return `${ctrl ? "Ctrl+" : ""}${shift ? "Shift+" : ""}${key.length === 1 ? key.toLowerCase() : key}`;
}

/** The chord a keydown event stands for; null for a modifier alone. */
export function chordOfEvent(event) {
  if (["Shift", "Control", "Alt", "Meta", "AltGraph", "Dead", "Process", "Tab"].includes(event.key)) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isShift = event.shiftKey && (key.length > 1 || /^[a-z]$/.test(key)); // of other keys, Shift is part of the character
  return writeChord({ key, ctrl: event.ctrlKey || event.metaKey, shift: isShift });
}

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Delete: "Del", Escape: "Esc" };

/** A chord as it is shown on a key cap: ["Ctrl", "Z"]. */
export function listCaps(chord) {
  const { key, ctrl, shift } = readChord(chord);
  const cap = NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return [...(ctrl ? ["Ctrl"] : []), ...(shift ? ["Shift"] : []), cap];
}

/** The keys of a label that the schema may have given one; past the last free key there is none. */
export const listKeys = (key) => (key ? [key] : []);

/** A chord in one word: "Ctrl+Z". */
export const nameChord = (chord) => listCaps(chord).join("+");

/**
 * `verbs` are {id, keys: ["u", "Ctrl+z"], spare?: ["Shift+u"], isFixed?, …}; `overrides` maps ids to the one key a person
 * chose. Returns the verbs with the `keys` they have: earlier ones first, a taken key is passed over, and a verb that
 * lost all of its own takes the first spare one that nobody came with. A verb may end up with none.
 */
export function assignKeys(verbs, overrides = {}) {
  const taken = new Set();
  const claim = (chords) => chords.filter((chord) => !taken.has(chord) && taken.add(chord));
  const chosen = new Map();
  for (const verb of verbs) if (overrides[verb.id] && !verb.isFixed) chosen.set(verb.id, claim([overrides[verb.id]]));
  const isOwn = (verb) => Boolean(chosen.get(verb.id)?.length);
  const first = verbs.map((verb) => (isOwn(verb) ? chosen.get(verb.id) : claim(verb.keys ?? [])));
  const findSpare = (verb) => claim((verb.spare ?? []).filter((chord) => !taken.has(chord)).slice(0, 1));
  return verbs.map((verb, place) => ({ ...verb, keys: first[place].length ? first[place] : findSpare(verb), isOwn: isOwn(verb) }));
}

/** Who has this chord already, other than `id`; null when it is free. `assigned` comes from assignKeys. */
export function findHolder(assigned, chord, id) {
  return assigned.find((verb) => verb.id !== id && verb.keys.includes(chord)) ?? null;
}

/** Bindings for keyboard.js. */
export function listBindings(assigned) {
  return assigned.flatMap((verb) =>
    verb.keys.map((chord) => ({ ...readChord(chord), id: verb.id, run: verb.run, whileTyping: verb.whileTyping, repeats: verb.repeats })),
  );
}

/** A person's own keys, kept in this browser. */
export function openOverrides(storage, name) {
  let overrides = read();
  function read() {
    try {
      const kept = JSON.parse(storage?.getItem(name) ?? "{}");
      return kept && typeof kept === "object" ? kept : {};
    } catch (error) {
      console.warn("The changed keys could not be read:", error);
      return {};
    }
  }
  function keep() {
    try {
      storage?.setItem(name, JSON.stringify(overrides));
    } catch (error) {
      console.warn("The changed keys are kept for this visit only:", error);
    }
  }
  return {
    get all() {
      return overrides;
    },
    set(id, chord) {
      overrides = { ...overrides, [id]: chord };
      keep();
    },
    clear(id = null) {
      overrides = id === null ? {} : Object.fromEntries(Object.entries(overrides).filter(([other]) => other !== id));
      keep();
    },
  };
}
