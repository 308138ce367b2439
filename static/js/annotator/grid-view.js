// Paints what stands around the tiles of grid mode; decides nothing.

import { explainState, MESSAGES } from "./messages.js";
import { States } from "./outbox.js";

const SAVES = {
  [States.SAVED]: ["Saved", "is-saved"],
  [States.SENDING]: ["Saving", "is-sending"],
  [States.OFFLINE]: ["Offline", "is-offline"],
  [States.SIGNED_OUT]: ["Logged out", "is-stopped"],
  [States.NO_ACCESS]: ["No access", "is-stopped"],
}; // prettier-ignore

export function createGridView(parts) {
  let standing = "";

  return {
    /** What the page says as long as it stands without the network; "" once it does not. */
    stand(words) {
      standing = words;
      this.announce("");
    },

    showSave({ state, waiting, refused }) {
      const [words, look] = SAVES[state];
      parts.save.textContent = waiting && state !== States.SAVED ? `${words} (${waiting})` : words;
      parts.save.className = `annotator-save ${look}`;
      parts.refused.hidden = !refused.length;
      parts.refusedList.replaceChildren(
        ...refused.map(({ message }) => Object.assign(document.createElement("li"), { textContent: message })),
      );
      const stopped = state === States.SIGNED_OUT || state === States.NO_ACCESS ? explainState(state).join(". ") : "";
      parts.notice.textContent = stopped || standing;
      parts.notice.hidden = !parts.notice.textContent;
      parts.notice.classList.toggle("is-serious", Boolean(stopped));
    },

    /** Whether there are items on screen, and if not, why: a state of the queue, "" while nothing is known. */
    showPage(isEmpty, why, elsewhere) {
      parts.tiles.hidden = isEmpty;
      const isStart = Boolean(parts.start) && (!why || why === "empty"); // the page itself says how to begin
      if (parts.start) parts.start.hidden = !isEmpty || !isStart;
      parts.empty.hidden = !isEmpty || !why || isStart;
      parts.tools.inert = isEmpty;
      if (!isEmpty) return;
      [parts.emptyTitle.textContent, parts.emptyText.textContent] = why ? explainState(why, elsewhere) : ["", ""];
      parts.count.textContent = "";
    },

    showCount({ total, left, selected, hasGuess, unsaved }) {
      parts.count.textContent = `${selected ? `${selected} selected, ` : ""}${total - left} of ${total} labeled${unsaved ? `, ${unsaved} not saved` : ""}`;
      const next = unsaved ? "Save, next page" : "Next page";
      parts.nextText.textContent = left && left < total ? `${next}, leave ${left}` : next;
      if (parts.saveSets) parts.saveSets.disabled = !unsaved;
      parts.accept.hidden = !hasGuess;
    },

    /** What is known of one item, in words. */
    describe({ answer, guess, isSelected, selected }) {
      const said = answer ? (answer.kind === "skip" ? "Skipped" : `${answer.kind === "draft" ? "Not saved" : "Labeled"} ${answer.value}`) : guess ? `The model guesses ${guess.value}` : "No label yet";
      return `${said}${isSelected ? ", selected" : ""}.${selected ? ` A class key labels all ${selected} that are selected.` : " A class key labels it."}`;
    },

    /** Which classes the chosen items have: {name: "true" | "mixed" | "false"}. */
    showSets(states) {
      for (const button of parts.choices.querySelectorAll("[data-class]")) button.ariaPressed = states[button.dataset.class];
    },

    showSteps({ canUndo, canRedo }) {
      parts.undo.disabled = !canUndo;
      parts.redo.disabled = !canRedo;
    },

    /** For those who hear the page; with `isShown` for all. */
    announce(words, { isShown = false } = {}) {
      parts.announce.textContent = words;
      parts.notice.textContent = isShown ? words : standing;
      parts.notice.hidden = !parts.notice.textContent;
    },
  };
}

/** The choices of order and page size, as they were left in this browser. */
export function keepChoices(selects, name) {
  const kept = JSON.parse(localStorage.getItem(name) ?? "[]");
  selects.forEach((select, place) => {
    const option = [...select.options].find(({ value, disabled }) => value === kept[place] && !disabled);
    if (option) select.value = option.value;
  });
  return () => localStorage.setItem(name, JSON.stringify(selects.map(({ value }) => value)));
}
