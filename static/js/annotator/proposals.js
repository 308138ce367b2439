// What a model suggests for the item on screen: shown as such, taken with one key, corrected by editing, rejected with
// another. It never stands in the way of answering.

import { make, makeCap } from "./dom.js";
import { describeResult } from "./interface.js";
import { listSuggestionVerbs } from "./verbs.js";

const plain = (result) => JSON.stringify((result ?? []).map(({ from_name, type, value }) => [from_name, type, value]).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)));

/** How an answer relates to a suggestion: "accepted", "corrected" or "rejected". Pure. */
export function judge(suggestion, result, { isRejected = false } = {}) {
  if (isRejected) return "rejected";
  return plain(suggestion.result) === plain(result) ? "accepted" : "corrected";
}

/**
 * `bar` is the element it is shown in; `take(result, isMore)` puts it into the answer: in place of what is there, or as more of it.
 * `submit(wasStarted)` hands in what was taken, at a desk; `isStarted()` says whether something was in the making before.
 * `onSettled(task id)` hears that what was offered while drawing was taken or rejected.
 */
export function createProposals({ bar, take, paintGhosts, submit = null, isStarted = () => false, onSettled = () => {} }) {
  const offers = new Map(); // task id -> what a model answered to what was drawn: it goes before what it suggested earlier
  let here = null; // the item on screen, also one that was done before
  const states = new Map(); // task id -> "taken" | "rejected"
  let task = null;

  const find = () => task?.suggestions?.[0] ?? null;

  function paint() {
    const offered = here && offers.get(here.id);
    const suggestion = offered ?? find();
    const isOpen = Boolean(offered) || (Boolean(suggestion) && !states.get(task.id));
    bar.hidden = !isOpen;
    paintGhosts(isOpen ? suggestion.result : []);
    if (!isOpen) return;
    const score = suggestion.score == null ? "" : ` ${Math.round(suggestion.score * 100)} %`;
    bar.replaceChildren(
      make("span", { class: "annotator-proposal-words" }, make("b", {}, suggestion.model || "A model"), " suggests ",
        make("q", { dir: "auto" }, describeResult(suggestion.result)), make("small", {}, score)),
      make("button", { type: "button", class: "btn btn-sm", "data-enter-through": "", "data-keys-of": "suggestion:accept", onclick: accept }, "Accept ", makeCap()),
      make("button", { type: "button", class: "btn btn-sm", "data-enter-through": "", "data-keys-of": "suggestion:reject", onclick: reject }, "Reject ", makeCap()),
      offered || !submit ? "" : make("button", { type: "button", class: "btn btn-sm", "data-enter-through": "", "data-keys-of": "suggestion:submit", onclick: acceptAndSubmit }, "Submit as it is ", makeCap()),
    ); // prettier-ignore
  }

  function settle() {
    const offered = offers.get(here?.id);
    if (!offered) return null;
    offers.delete(here.id);
    onSettled(here.id);
    return offered;
  }

  function accept() {
    const offered = settle();
    if (offered) return void (take(offered.result, true), paint());
    const suggestion = find();
    if (!suggestion || states.has(task.id)) return;
    states.set(task.id, "taken");
    take(suggestion.result);
    paint();
  }

  function acceptAndSubmit() {
    const wasStarted = isStarted();
    accept();
    submit(wasStarted);
  }

  function reject() {
    if (settle()) return paint();
    if (!find() || states.has(task.id)) return;
    states.set(task.id, "rejected");
    paint();
  }

  return {
    show(next, isLookingBack) {
      here = next;
      task = isLookingBack ? null : next;
      paint();
    },
    offer(id, suggestion) {
      offers.set(id, suggestion);
      paint();
    },
    /** {id, outcome} for the operation that carries `result`; null when nothing was suggested. */
    outcomeOf(result) {
      const suggestion = find();
      if (!suggestion) return null;
      return { id: suggestion.id, outcome: judge(suggestion, result, { isRejected: states.get(task.id) === "rejected" }) };
    },
    verbs() {
      const isOffered = offers.has(here?.id);
      if (!isOffered && (!find() || states.has(task.id))) return [];
      return listSuggestionVerbs({ accept, reject, submit: submit && !isOffered ? acceptAndSubmit : null });
    },
  };
}
