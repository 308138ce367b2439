// The verbs of grid mode with their keys; the classes come first, so that no tool takes a key of theirs. Pure, but for
// the functions that are given.

import { listKeys } from "./keymap.js";

const STEPS = [
  { side: "Left", words: "to the left", by: [-1, 0] },
  { side: "Right", words: "to the right", by: [1, 0] },
  { side: "Up", words: "up", by: [0, -1] },
  { side: "Down", words: "down", by: [0, 1] },
];

const listSetVerbs = (verb, sets) => [
  verb("save", "Page", "Save the classes, and stay on this page", ["Ctrl+Enter", "Ctrl+s"]),
  verb("no-class", "Page", sets.isRequired ? "Take all classes off" : "None of the classes", ["Backspace"]),
];

/** `sets` where an item has several classes (grid-sets.js); `classes` are {name, key}; `run` maps names to functions, among them label(name) and move(across, down, isExtending). */
export function listGridVerbs(run, classes, sets = null) {
  const verb = (id, group, words, keys, extra = {}) => ({ id: `grid:${id}`, group, words, keys, run: run[id], ...extra });
  const label = ({ name, key }) => ({ id: `class:${name}`, group: `Classes, ${sets ? "on or off " : ""}for what is selected or the item you are on`, words: name, keys: listKeys(key), run: () => run.label(name) });
  const move = ({ side, words, by }) => verb(`move-${side}`, "Items", `Move ${words}`, [`Arrow${side}`], { repeats: true, run: () => run.move(...by, false) });
  const extend = ({ side, words, by }) => verb(`extend-${side}`, "Items", `Select on ${words}`, [`Shift+Arrow${side}`], { repeats: true, run: () => run.move(...by, true) });
  return [
    ...classes.map(label),
    ...(sets ? listSetVerbs(verb, sets) : []),
    verb("next", "Page", `${sets ? "Save, and the next" : "Next"} page; what has no label goes back to the queue`, ["Enter"], { isFixed: true }),
    verb("undo", "Page", "Undo, also on the page before", ["u", "Ctrl+z"], { spare: ["Shift+u"] }),
    verb("redo", "Page", "Do again what was undone", ["Ctrl+Shift+z", "Ctrl+y"]),
    verb("accept", "Page", "Label as the model guesses", ["Shift+Enter"]),
    verb("skip", "Page", "Skip", ["s"], { spare: ["Shift+x"] }),
    verb("skip-reason", "Page", "Skip, and say why", ["Shift+s"]),
    verb("guide", "Page", "Show or hide the guide", ["g"], { spare: ["Shift+g"] }),
    verb("comments", "Page", "Show or hide the comments on the item you are on", ["c"], { spare: ["Shift+c", "Shift+q"] }),
    verb("keys", "Page", "This list", ["?"], { isFixed: true }),
    verb("find", "Page", "Find a class", ["/"]),
    verb("look", "Items", "Look at this item large, or close that", ["z"], { spare: ["Shift+z"] }),
    verb("toggle", "Items", "Select this item, or let go of it", [" "]),
    verb("all", "Items", "Select all that are left", ["Ctrl+a"]),
    verb("none", "Items", "Select nothing", ["Escape"], { isFixed: true, whileTyping: true }),
    ...STEPS.map(move),
    ...STEPS.map(extend),
  ];
}
