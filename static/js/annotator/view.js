// Paints the annotator's state into the page's elements; decides nothing.

import { States } from "./outbox.js";

const SAVE_WORDS = {
  [States.SAVED]: () => ["Saved", "is-saved"],
  [States.SENDING]: (count) => [`Saving ${count}`, "is-sending"],
  [States.OFFLINE]: (count) => [`Offline · ${count} kept here`, "is-offline"],
  [States.SIGNED_OUT]: (count) => [`Logged out · ${count} kept here`, "is-stopped"],
  [States.NO_ACCESS]: (count) => [`Not saved · ${count} kept here`, "is-stopped"],
};

export function createView(root) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const parts = Object.fromEntries(
    ["stage", "choices", "number", "numberError", "save", "progress", "bar", "today", "pace", "notice", "place", "undo",
      "announce", "empty", "emptyTitle", "emptyText", "loading", "tools", "refused", "refusedList", "history"].map(
      (name) => [name, part(name)],
    ),
  ); // prettier-ignore
  const buttons = [...root.querySelectorAll("[data-class]")];

  function show(name) {
    for (const other of ["stage", "empty", "loading"]) parts[other].hidden = other !== name;
    parts.tools.toggleAttribute("inert", name !== "stage");
  }

  return {
    parts,
    buttons,

    /** Put a task on screen in place of the one before. */
    showItem(task, answer, media, isWanted) {
      show("stage");
      media.show(task, parts.stage, isWanted);
      parts.stage.scrollTop = 0;
      if (!parts.number) return;
      parts.number.value = answer?.kind === "answer" ? String(answer.value) : "";
      parts.numberError.textContent = "";
      parts.number.focus({ preventScroll: true });
      parts.number.select();
    },

    /** What changes around the item while it stays: the chosen class, where one is, whether undo has something. */
    showAround({ answer, isLookingBack, place, canUndo }) {
      root.classList.toggle("is-looking-back", isLookingBack);
      for (const button of buttons) {
        const isChosen = answer?.kind === "answer" && answer.value === button.dataset.class;
        button.classList.toggle("is-chosen", isChosen);
        button.setAttribute("aria-pressed", String(isChosen));
      }
      parts.place.textContent = isLookingBack ? describePast(answer, place) : "";
      parts.undo.disabled = !canUndo;
    },

    showLoading() {
      show("loading");
    },

    showMessage(title, text) {
      show("empty");
      parts.emptyTitle.textContent = title;
      parts.emptyText.textContent = text;
    },

    showSave({ state, waiting, refused, detail }, isDurable) {
      const [words, className] = SAVE_WORDS[state](waiting);
      parts.save.textContent = words;
      parts.save.className = `annotator-save ${className}`;
      parts.save.title = detail || (isDurable ? "" : "This browser keeps nothing: leave the page open until all is saved.");
      parts.refused.hidden = refused.length === 0;
      parts.refusedList.replaceChildren(
        ...refused.slice(-20).map(({ task, value, message }) => {
          const line = document.createElement("li");
          line.textContent = `Task ${task}${value === undefined ? "" : ` (${value})`}: ${message}`;
          return line;
        }),
      );
    },

    showProgress({ done, total, today, pace }) {
      const share = total ? Math.min(100, (100 * done) / total) : 0;
      parts.bar.style.width = `${share}%`;
      parts.bar.parentElement.setAttribute("aria-valuenow", String(Math.round(share)));
      parts.progress.textContent = `${done.toLocaleString("en-US")} of ${total.toLocaleString("en-US")}`;
      parts.today.textContent = today.toLocaleString("en-US");
      parts.pace.textContent = pace === null ? "–" : `${pace.toFixed(1)} s`;
    },

    flash(value) {
      const button = buttons.find((other) => other.dataset.class === value);
      if (!button) return;
      button.classList.remove("is-flashing");
      void button.offsetWidth; // restart the animation for the same class twice in a row
      button.classList.add("is-flashing");
    },

    notify(text, className = "") {
      parts.notice.textContent = text;
      parts.notice.className = `annotator-notice ${className}`;
      parts.notice.hidden = !text;
    },

    announce(text) {
      parts.announce.textContent = text;
    },
  };
}

function describePast(answer, { index, total }) {
  const what = answer?.kind === "skip" ? `skipped${answer.reason ? `: ${answer.reason}` : ""}` : `“${answer?.value}”`;
  return `Item ${index + 1} of the ${total} you did: ${what}. Press another key to change it, Esc to go on.`;
}
