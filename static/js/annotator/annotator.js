// Wires the labelling page together: state, queue, outbox, keys, picture.

import { createApi } from "./api.js";
import { parseNumber } from "./codec.js";
import { listenToKeys } from "./keyboard.js";
import { createMedia } from "./media.js";
import { createOutbox, States } from "./outbox.js";
import { createQueue } from "./queue.js";
import { createStopwatch } from "./stopwatch.js";
import { openStorage } from "./storage.js";
import { createStore } from "./store.js";
import { createView } from "./view.js";

const STATUS_EVERY_MS = 30_000;
const PACE_OF = 20;
const GUIDE_KEY = "gristmill.annotator.guide";
const WARN_UNSAVED = 1;

const MESSAGES = {
  empty: ["Nothing more to label right now", "You have seen every item that wants an answer of yours. This page looks for new ones by itself."],
  offline: ["The server cannot be reached", "What you labeled is kept in this browser and sent as soon as the server answers. Trying again …"],
  busy: ["The server is busy", "What you labeled is kept in this browser. Trying again …"],
  refused: ["The server refused to give items out", "Load the page again. What you labeled is kept in this browser."],
  "signed-out": ["You are logged out", "What you labeled is kept in this browser. Log in again in another tab, then press “Try again”."],
  "no-access": ["You can no longer label here", "The project was closed to you, or your role changed. Ask an owner of the project. What was not saved is kept in this browser."],
  idle: ["Paused", "You were away for a while, so others may get your items. Press any key to go on."],
}; // prettier-ignore

/** Runs `task` alone over all tabs of this browser, where the browser can tell. */
function createLock(name) {
  if (!navigator.locks) return (task) => task();
  return (task) => navigator.locks.request(name, task);
}

/** Whether no other tab labels this project; true for good once the lock is ours. */
function claimTab(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined; // held until the page goes
    });
  });
}

export async function startAnnotator(root, setup) {
  const name = `gristmill-outbox-${setup.user}-${setup.project}`;
  const view = createView(root);
  const store = createStore();
  const media = createMedia();
  const watch = createStopwatch();
  const api = createApi({ base: setup.api, user: setup.user, labelKind: setup.label_kind });
  const storage = await openStorage(name);
  const paces = [];
  const cleanups = [];
  let totals = { done: 0, total: 0, today: 0, pace: null };
  let painted = null;

  const outbox = createOutbox({ storage, send: api.send, lock: createLock(name), onChange: showSave });
  const queue = createQueue({ api, store, prepare: (task) => media.prepare(task), onState: showQueue });

  function showSave(change) {
    view.showSave(change, storage.isDurable);
    if (change.state === States.SIGNED_OUT || change.state === States.NO_ACCESS) {
      view.notify(`${MESSAGES[change.state][0]}. ${MESSAGES[change.state][1]}`, "is-serious");
    } else if (change.state === States.SAVED) {
      view.notify("");
    }
  }

  function showQueue(state, detail) {
    if (state === "idle" || !store.current) paint();
    else if (state === "signed-out" || state === "no-access") view.notify(MESSAGES[state].join(". "), "is-serious");
    if (detail) view.parts.emptyText.title = detail;
  }

  function paint() {
    const task = store.current;
    if (queue.state === "idle" || !task) {
      painted = null;
      if (queue.state === "loading") view.showLoading();
      else view.showMessage(...(MESSAGES[queue.state] ?? MESSAGES.empty));
      return;
    }
    const answer = store.currentAnswer;
    const { isLookingBack, place, canUndo } = store;
    view.showAround({ answer, isLookingBack, place, canUndo });
    const showing = `${task.id} ${isLookingBack}`;
    if (painted === showing) return; // what is typed, scrolled or selected meanwhile stays
    painted = showing;
    view.showItem(task, answer, media, () => store.current?.id === task.id);
    watch.restart();
  }

  function paintTotals() {
    const recent = paces.slice(-PACE_OF).sort((a, b) => a - b);
    const pace = recent.length >= 3 ? recent[Math.floor(recent.length / 2)] / 1_000 : totals.pace;
    view.showProgress({ ...totals, pace });
  }

  function commit(operation, words) {
    if (!operation) return;
    void outbox.add(operation);
    view.announce(words);
    paintTotals();
    void queue.fill();
  }

  function answer(value) {
    if (!store.current || view.parts.stage.hidden) return;
    const isFirst = !store.isLookingBack;
    const leadMs = watch.elapsedMs;
    view.flash(value);
    const operation = store.answer(value, leadMs);
    if (operation && isFirst) {
      paces.push(leadMs);
      totals = { ...totals, done: totals.done + 1, today: totals.today + 1 };
    }
    commit(operation, `Labeled ${value}.`);
  }

  function skip(reason = "") {
    if (!store.current || view.parts.stage.hidden) return;
    if (!store.isLookingBack) totals = { ...totals, done: totals.done + 1, today: totals.today + 1 };
    commit(store.skip(reason, watch.elapsedMs), "Skipped.");
  }

  function undo() {
    const operation = store.undo();
    if (!operation) return;
    if (operation.kind === "withdraw") totals = { ...totals, done: totals.done - 1, today: totals.today - 1 };
    commit(operation, "Undone. The item is back.");
  }

  function submitNumber() {
    const typed = view.parts.number.value;
    const number = parseNumber(typed);
    if (number === null) {
      view.parts.numberError.textContent = typed.trim()
        ? "Type a number, with a point before the decimals: 12.5"
        : "Type a number, or press S to skip.";
      return;
    }
    answer(number);
  }

  function toggleGuide() {
    const isOpen = root.classList.toggle("has-guide");
    root.querySelector("[data-action=guide]").setAttribute("aria-expanded", String(isOpen));
    localStorage.setItem(GUIDE_KEY, isOpen ? "open" : "closed");
  }

  function openDialog(part) {
    const dialog = root.querySelector(`[data-part="${part}"]`);
    if (!dialog.open) dialog.showModal();
  }

  function openSkip() {
    if (!store.current) return;
    openDialog("skipDialog");
  }

  function listBindings() {
    if (root.querySelector("dialog[open]")) return [];
    const classes = setup.classes.filter(({ key }) => key).map(({ name: value, key }) => ({ key, run: () => answer(value) }));
    return [
      ...classes,
      { key: "Enter", whileTyping: true, run: onEnter },
      { key: "u", run: undo },
      { key: "z", ctrl: true, run: undo },
      { key: "s", run: () => skip() },
      { key: "s", shift: true, run: openSkip },
      { key: "g", run: toggleGuide },
      { key: "?", run: () => openDialog("keysDialog") },
      { key: "/", run: () => root.querySelector("[data-part=filter]")?.focus() },
      { key: "ArrowLeft", run: () => store.move(-1), repeats: true },
      { key: "ArrowRight", run: () => store.move(1), repeats: true },
      { key: "Escape", whileTyping: true, run: onEscape },
    ];
  }

  function onEnter() {
    const filter = root.querySelector("[data-part=filter]");
    if (filter && document.activeElement === filter) {
      const first = view.buttons.find((button) => !button.hidden);
      if (filter.value && first) answer(first.dataset.class);
      clearFilter();
    } else if (view.parts.number) {
      submitNumber();
    }
  }

  function onEscape() {
    clearFilter();
    store.goLive();
  }

  function clearFilter() {
    const filter = root.querySelector("[data-part=filter]");
    if (!filter) return;
    filter.value = "";
    filter.blur();
    applyFilter("");
  }

  function applyFilter(typed) {
    const wanted = typed.trim().toLowerCase();
    for (const button of view.buttons) button.hidden = !button.dataset.class.toLowerCase().includes(wanted);
  }

  const actions = {
    undo,
    skip: () => skip(),
    "skip-reason": openSkip,
    guide: toggleGuide,
    keys: () => openDialog("keysDialog"),
    back: () => store.move(-1),
    forward: () => store.move(1),
    "save-number": submitNumber,
    "dismiss-refused": () => outbox.dismissRefused(),
    retry() {
      queue.touch();
      void outbox.wake();
      void queue.fill();
    },
  };

  function onClick(event) {
    const target = event.target.closest("[data-class], [data-action], [data-reason]");
    if (!target) return;
    if (target.dataset.class !== undefined) answer(target.dataset.class);
    else if (target.dataset.reason !== undefined) {
      target.closest("dialog").close();
      skip(target.dataset.reason);
    } else actions[target.dataset.action]?.();
  }

  function onSkipForm(event) {
    event.preventDefault();
    const form = event.target;
    form.closest("dialog").close();
    skip(form.elements.reason.value.trim());
    form.reset();
  }

  async function refreshStatus() {
    try {
      const status = await api.status();
      const { progress, own } = status;
      const unsent = outbox.waiting;
      totals = {
        done: progress.done + progress.skipped + unsent,
        total: progress.total,
        today: own.today + unsent,
        pace: own.seconds_per_label,
      };
      paintTotals();
    } catch (error) {
      if (error.reason === "no-access" || error.reason === "signed-out") showQueue(error.reason, error.message);
    }
  }

  async function releaseRest() {
    const waiting = new Set(leaving);
    const rest = store.heldIds.filter((id) => !waiting.has(id));
    if (rest.length) await api.release(rest).catch(() => {}); // the page is going; leases end by themselves too
  }

  let leaving = []; // tasks with operations not sent yet: kept at hand, since nothing can be awaited when the page goes
  const remember = async () => void (leaving = await outbox.listTasks());

  function listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    cleanups.push(() => target.removeEventListener(type, listener, options));
  }

  cleanups.push(
    store.subscribe(() => paint()),
    listenToKeys(document, listBindings),
  );
  listen(root, "click", onClick);
  listen(root.querySelector("[data-part=skipForm]"), "submit", onSkipForm);
  listen(document, "visibilitychange", () => {
    if (document.hidden) watch.pause();
    else {
      watch.resume();
      if (outbox.waiting) void outbox.wake();
    }
  });
  for (const type of ["keydown", "pointerdown"]) listen(document, type, () => queue.touch(), { passive: true });
  listen(window, "online", () => actions.retry());
  listen(window, "focus", () => outbox.waiting && outbox.wake());
  listen(window, "pagehide", () => void releaseRest());
  listen(window, "pageshow", (event) => event.persisted && queue.renew());
  listen(window, "beforeunload", (event) => {
    if (!storage.isDurable && outbox.waiting >= WARN_UNSAVED) event.preventDefault();
  });
  const filter = root.querySelector("[data-part=filter]");
  if (filter) listen(filter, "input", () => applyFilter(filter.value));

  if (localStorage.getItem(GUIDE_KEY) !== "closed" && window.innerWidth >= 992) root.classList.add("has-guide");
  const statusTimer = setInterval(() => void refreshStatus(), STATUS_EVERY_MS);
  const rememberTimer = setInterval(() => void remember(), 1_000);
  cleanups.push(() => clearInterval(statusTimer), () => clearInterval(rememberTimer));

  const isOnlyTab = await claimTab(`${name}-tab`);
  await outbox.flush(); // what an earlier visit left comes first, so that its tasks are not handed out again
  if (setup.first_task) await openTask(setup.first_task);
  await queue.start({ resume: isOnlyTab });
  void api.history().then((entries) => store.restoreHistory(entries), () => {});
  void refreshStatus();
  root.dataset.ready = "true";

  async function openTask(id) {
    try {
      store.open(await api.task(id));
    } catch (error) {
      view.notify(error.message, "is-serious");
    }
  }

  return function destroy() {
    void releaseRest();
    queue.stop();
    outbox.stop();
    for (const cleanup of cleanups) cleanup();
  };
}
