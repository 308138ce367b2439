// Paints the annotator's state into the page's elements; decides nothing.

import { make, makeCap } from "./dom.js";
import { describeResult } from "./interface.js";
import { explainState } from "./messages.js";
import { States } from "./outbox.js";

const FEEDBACK_MS = 6_000;

const SAVE_WORDS = {
  [States.SAVED]: () => ["Saved", "is-saved"],
  [States.SENDING]: (count) => [`Saving ${count}`, "is-sending"],
  [States.OFFLINE]: (count) => [`Offline · ${count} kept here`, "is-offline"],
  [States.SIGNED_OUT]: (count) => [`Logged out · ${count} kept here`, "is-stopped"],
  [States.NO_ACCESS]: (count) => [`Not saved · ${count} kept here`, "is-stopped"],
};

/** `quick` is the fast path's element builder, null where answers are submitted. */
export function createView(root, quick, { isQuiz = false } = {}) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const parts = Object.fromEntries(
    ["stage", "palette", "panel", "quick", "save", "progress", "bar", "today", "pace", "notice", "place", "undo", "redo", "submit", "said",
      "feedback", "proposal", "announce", "start", "empty", "emptyTitle", "emptyText", "loading", "tools", "refused", "refusedList"].map(
      (name) => [name, part(name)],
    ),
  ); // prettier-ignore
  let feedbackTimer = null;
  root.classList.toggle("is-full", !quick);
  parts.submit.hidden = Boolean(quick);
  if (quick) parts.quick.replaceChildren(...quick.elements);

  function show(name) {
    for (const other of ["stage", "empty", "loading", "start"]) if (parts[other]) parts[other].hidden = other !== name;
    parts.tools.toggleAttribute("inert", name !== "stage");
    parts.panel.toggleAttribute("inert", name !== "stage");
  }

  return {
    parts,

    /** Put a task on screen in place of the one before. */
    showItem(task, answer, media, isWanted) {
      show("stage");
      this.say("");
      media.show(task, parts.stage, isWanted);
      parts.stage.scrollTop = 0;
    },

    /** The palette and the panel of the desk that is on the stage. */
    showDesk(desk) {
      parts.palette.replaceChildren(...(desk?.palette ? [desk.palette] : []));
      parts.panel.replaceChildren(...(desk?.panel ? [desk.panel] : []));
      root.classList.toggle("has-panel", Boolean(desk?.panel) && desk.panel.childElementCount > 0);
    },

    /** What changes around the item while it stays: what was said, where one is, whether undo has something. */
    showAround({ answer, isLookingBack, place, returned, canUndo, canRedo }) {
      root.classList.toggle("is-looking-back", isLookingBack);
      root.classList.toggle("is-sent-back", !isLookingBack && Boolean(returned));
      parts.place.textContent = isLookingBack ? describePast(answer, place, Boolean(quick)) : describeReturned(returned);
      parts.undo.disabled = !canUndo;
      parts.redo.disabled = !canRedo;
    },

    showLoading() {
      show("loading");
    },

    /** Why there is no item. Of a project that has none yet the page itself says more: how to begin. */
    showMessage(state, elsewhere) {
      if (parts.start && state === "empty") return show("start");
      show("empty");
      const [title, text] = explainState(isQuiz && state === "empty" ? "quiz" : state, elsewhere);
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
        ...refused.slice(-20).map(({ task, value, body, message }) =>
          make("li", {}, `Task ${task}${describeRefused(value ?? body)}: ${message} `, body === undefined ? make("a", { href: `?task=${task}` }, "Label it again") : ""),
        ),
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

    /** What a gold item or the quiz says of the answer: shown for a while, in nobody's way; `look` leads to it where there is more to see. */
    showFeedback({ isRight, expected, explanation }, look) {
      clearTimeout(feedbackTimer);
      const what = isQuiz ? "" : ": that was a check item";
      const head = isRight ? `Right${what}.` : `Not quite${what}. Expected: ${expected || "something else"}.`;
      const close = () => (parts.feedback.hidden = true);
      parts.feedback.className = `annotator-feedback ${isRight ? "is-right" : "is-wrong"}`;
      parts.feedback.replaceChildren(
        make("div", {}, make("b", { dir: "auto" }, head), explanation ? make("p", { dir: "auto" }, explanation) : null,
          look && make("button", { type: "button", class: "btn btn-sm mt-2", "data-enter-through": "", "data-keys-of": "page:look", onclick: () => (close(), look()) }, "Show both ", makeCap())),
        make("button", { type: "button", class: "annotator-icon is-delete", "aria-label": "Close", onclick: close }),
      ); // prettier-ignore
      parts.feedback.hidden = false;
      feedbackTimer = setTimeout(close, isRight ? FEEDBACK_MS / 2 : FEEDBACK_MS * 2);
    },

    hideFeedback() {
      parts.feedback.hidden = true;
    },

    /** A word beside the buttons: what is missing, what comes next. */
    say(text, isMissing = false) {
      parts.said.textContent = text;
      parts.said.classList.toggle("is-missing", isMissing);
    },

    /** What was missing was worked on: its sentence goes. */
    clearMissing() {
      if (parts.said.classList.contains("is-missing")) this.say("");
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

const describeRefused = (said) => (said === undefined ? "" : ` (${said})`);

function describeReturned(returned) {
  return returned ? `Sent back by ${returned.by}: “${returned.reason}”. You said: ${describeResult(returned.result)}.` : "";
}

function describePast(answer, { index, total }, isQuick) {
  const what = answer?.kind === "skip" ? `skipped${answer.reason ? `: ${answer.reason}` : ""}` : `“${answer?.value}”`;
  const how = isQuick ? "Press another key to change it, Esc to go on." : "Change it and submit again, Esc to go on.";
  return `Item ${index + 1} of the ${total} you did: ${what}. ${how}`;
}
