// The verbs every labelling page has, with their keys. What `?` shows is made from these and from what is on the desk.

/** `run` maps names to functions. Pure, but for what it is given. */
export function listPageVerbs(run, { isQuick, hasComments }) {
  const verb = (id, words, keys, extra = {}) => ({ id: `page:${id}`, group: "Page", words, keys, run: run[id], ...extra });
  const submit = isQuick
    ? [{ ...verb("enter", "", ["Enter"], { whileTyping: true, isFixed: true }) }]
    : [
        verb("enter", "Submit the answer", ["Enter"], { isFixed: true }),
        verb("submit", "Submit, also from a text", ["Ctrl+Enter"], { whileTyping: true, isFixed: true }),
      ];
  return [
    ...submit,
    verb("undo", isQuick ? "Undo, also after it was saved" : "Undo: a step of the answer, then whole answers", ["u", "Ctrl+z"], { repeats: !isQuick }),
    verb("redo", "Do again what was undone", ["Ctrl+Shift+z", "Ctrl+y"], { repeats: !isQuick }),
    verb("skip", "Skip this item", ["s"], { spare: ["Shift+x"] }),
    verb("skip-reason", "Skip, and say why", ["Shift+s"]),
    verb("back", "Look at what you did before", ["ArrowLeft"], { repeats: true }),
    verb("forward", "Look at what comes after it", ["ArrowRight"], { repeats: true }),
    verb("escape", "Back to the next item", ["Escape"], { whileTyping: true, isFixed: true }),
    verb("guide", "Show or hide the guide", ["g"]),
    ...(hasComments ? [verb("comments", "Show or hide the comments", ["c"], { spare: ["Shift+c"] })] : []),
    verb("keys", "This list", ["?"], { isFixed: true }),
  ];
}
