// The verbs of the page, of its suggestions and of regions, with their keys. What `?` shows is made from these and from
// what is on the desk. Pure, but for the functions that are given.

/** `run` maps names to functions. */
export function listPageVerbs(run, { isQuick, hasComments, isQuiz = false }) {
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
    ...(isQuiz ? [] : [verb("skip", "Skip this item", ["s"], { spare: ["Shift+x"] }), verb("skip-reason", "Skip, and say why", ["Shift+s"])]),
    verb("back", "Look at what you did before", ["ArrowLeft"], { repeats: true }),
    verb("forward", "Look at what comes after it", ["ArrowRight"], { repeats: true }),
    verb("escape", "Out of a text; then back to the next item", ["Escape"], { whileTyping: true, isFixed: true }),
    verb("guide", "Show or hide the guide", ["g"], { spare: ["Shift+g"] }),
    ...(hasComments ? [verb("comments", "Show or hide the comments", ["c"], { spare: ["Shift+c", "Shift+q"] })] : []),
    verb("keys", "This list", ["?"], { isFixed: true }),
  ];
}

/** What can be done with a suggestion, while one is shown. `submit` is null where to accept it is to submit it. */
export function listSuggestionVerbs({ accept, reject, submit = null }) {
  const verb = (id, words, keys, spare, run) => ({ id: `suggestion:${id}`, group: "Suggestions", words, keys, spare, run });
  return [
    verb("accept", "Accept the suggestion", ["a"], ["Shift+a", "Shift+y"], accept),
    verb("reject", "Reject the suggestion", ["x"], ["Shift+x", "Shift+w"], reject),
    ...(submit ? [verb("submit", "Accept the suggestion and submit it", ["Shift+Enter"], ["Ctrl+Shift+Enter"], submit)] : []),
  ];
}

/** What can be done once a check item with regions was answered. */
export const listFeedbackVerbs = (look) => [{ id: "page:look", group: "Page", words: "Look at the check item, its right answer beside yours", keys: ["w"], spare: ["Shift+w", "Ctrl+Enter"], run: look }];

/** What can be done with regions; `isBusy` says that there is a selection or a label to let go of. */
export function listRegionVerbs(run, { hasRelations, hasLinks, isBusy }) {
  const verb = (id, words, keys, spare, extra) => ({ id: `region:${id}`, group: "Regions", words, keys, spare, run: run[id], ...extra });
  return [
    verb("next", "Select the next region", ["]"], ["Shift+n"], { repeats: true }),
    verb("previous", "Select the region before", ["["], ["Shift+p"], { repeats: true }),
    verb("delete", "Delete what is selected", ["Delete", "Backspace"], []),
    verb("hide", "Hide or show what is selected", ["h"], ["Shift+h"]),
    verb("lock", "Lock or unlock what is selected", ["l"], ["Shift+l", "Shift+k"]),
    verb("all", "Select all regions", ["Ctrl+a"], []),
    ...(hasRelations ? [verb("relate", "Draw a relation from the selected region; again: to it", ["r"], ["Shift+r", "Shift+j"])] : []),
    ...(hasLinks
      ? [
          verb("relation-next", "Choose the next relation", ["j"], ["Ctrl+j"], { repeats: true }),
          verb("relation-turn", "Turn the relation round", ["o"], ["Ctrl+,"]),
          verb("relation-name", "Give the relation its next name", ["p"], ["Ctrl+."]),
          verb("relation-delete", "Delete the relation", ["Ctrl+Delete", "Ctrl+Backspace"], []),
        ]
      : []),
    ...(isBusy ? [verb("none", "Select nothing, then draw with nothing", ["Escape"], [], { isFixed: true, whileTyping: true })] : []),
  ];
}
