// Wires grid mode together: pages leased ahead, selection, outbox, keys.

import { createApi, readCookie } from "./api.js";
import { createKeysDialog, createSkipDialog } from "./dialogs.js";
import { createSelection } from "./grid-selection.js";
import { createGridStore, orderByGuess, orderByIds, readGuess } from "./grid-store.js";
import { createTiles, listenToBox } from "./grid-tiles.js";
import { listGridVerbs } from "./grid-verbs.js";
import { paintKeys } from "./key-caps.js";
import { listenToKeys } from "./keyboard.js";
import { assignKeys, listBindings, openOverrides } from "./keymap.js";
import { MESSAGES } from "./messages.js";
import { createOutbox, States } from "./outbox.js";
import { createStopwatch } from "./stopwatch.js";
import { openStorage } from "./storage.js";
import { createLock } from "./tabs.js";

const RETRY_MS = 3_000;
const LOOK_AGAIN_MS = 15_000;
const IDLE_MS = 10 * 60_000; // nobody there: leases are left to others
const PLACE = 2; // of the choices kept in this browser
const KEPT = "gristmill.label-grid";

const SAVES = {
  [States.SAVED]: ["Saved", "is-saved"],
  [States.SENDING]: ["Saving", "is-sending"],
  [States.OFFLINE]: ["Offline", "is-offline"],
  [States.SIGNED_OUT]: ["Logged out", "is-stopped"],
  [States.NO_ACCESS]: ["No access", "is-stopped"],
}; // prettier-ignore

export async function startGrid(root, setup) {
  const name = `gristmill-outbox-${setup.user}-${setup.project}`;
  const parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  const api = createApi({ base: setup.api, user: setup.user, labelKind: setup.label_kind });
  const store = createGridStore({ labelKind: setup.label_kind });
  const selection = createSelection({ onChange: () => paint() });
  const addressOf = (task) => setup.thumbnail.replace("/0/", `/${task.id}/`);
  const tiles = createTiles({ root: parts.tiles, addressOf, guessOf: readGuess });
  const storage = await openStorage(name);
  const outbox = createOutbox({ storage, send: api.send, stamp: { guideVersion: setup.guide_version }, lock: createLock(name), onChange: showSave });
  const watch = createStopwatch();
  const { reasons, needs_reason: needsReason } = setup.skip ?? {};
  const overrides = openOverrides(globalThis.localStorage, `gristmill-grid-keys-${setup.user}-${setup.project}`);
  const keysDialog = createKeysDialog({ dialog: parts.keysDialog, assigned: assign, overrides, onChange: () => paintKeys(root, assign()) });
  const skipDialog = createSkipDialog({ dialog: parts.skipDialog, reasons, needsReason, skip: skipAsked });
  const cleanups = [];
  let asked = []; // the tasks that the dialog asks a reason for: the selection may be gone by the time it is given
  let coming = null; // the promise of the next page
  let isFirst = true;
  let leaseMs = 120_000;
  let lastInput = Date.now();
  let retryTimer = null;
  let heartTimer = null;
  let said = "";

  function showSave({ state, waiting, refused }) {
    const [words, look] = SAVES[state];
    parts.save.textContent = waiting && state !== States.SAVED ? `${words} (${waiting})` : words;
    parts.save.className = `annotator-save ${look}`;
    parts.refused.hidden = !refused.length;
    parts.refusedList.replaceChildren(
      ...refused.map(({ message }) => Object.assign(document.createElement("li"), { textContent: message })),
    );
    const stopped = state === States.SIGNED_OUT || state === States.NO_ACCESS ? MESSAGES[state].join(". ") : "";
    parts.notice.textContent = stopped;
    parts.notice.hidden = !stopped;
    parts.notice.classList.toggle("is-serious", Boolean(stopped));
  }

  function paint() {
    const { tasks } = store;
    const isEmpty = !tasks.length;
    parts.tiles.hidden = isEmpty;
    const isStart = Boolean(parts.start) && (!said || said === "empty"); // the page itself says how to begin
    if (parts.start) parts.start.hidden = !isEmpty || !isStart;
    parts.empty.hidden = !isEmpty || !said || isStart;
    parts.tools.inert = isEmpty;
    parts.undo.disabled = !store.canUndo;
    parts.redo.disabled = !store.canRedo;
    if (isEmpty) {
      [parts.emptyTitle.textContent, parts.emptyText.textContent] = MESSAGES[said] ?? ["", ""];
      parts.count.textContent = "";
      return;
    }
    tiles.paint(tasks, { answerOf: (task) => store.answer(task.id), selection });
    const left = store.open.length;
    const chosen = selection.size ? `${selection.size} selected, ` : "";
    parts.count.textContent = `${chosen}${tasks.length - left} of ${tasks.length} labeled`;
    parts.nextText.textContent = left && left < tasks.length ? `Next page, leave ${left}` : "Next page";
    parts.accept.hidden = !tasks.some(readGuess);
  }

  /** A page from the queue, in the order that is asked for, its pictures decoded. */
  async function fetchPage() {
    const wanted = Number(parts.size.value);
    const lent = await api.next(wanted, isFirst);
    leaseMs = lent.leaseMs;
    if (isFirst) beat();
    isFirst = false;
    const held = new Set(store.heldIds);
    const tasks = (await arrange(lent.tasks)).filter((task) => !held.has(task.id));
    await Promise.race([tiles.prepare(tasks), new Promise((done) => setTimeout(done, RETRY_MS))]);
    return tasks;
  }

  async function arrange(tasks) {
    if (parts.order.value === "guess") return orderByGuess(tasks);
    if (parts.order.value !== "alike" || tasks.length < 3) return tasks;
    const response = await fetch(setup.order, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": readCookie("csrftoken") },
      body: JSON.stringify({ tasks: tasks.map((task) => task.id) }),
    }).catch(() => null);
    return response?.ok ? orderByIds(tasks, (await response.json()).order) : tasks;
  }

  function fill() {
    if (coming || store.ahead?.length) return coming;
    clearTimeout(retryTimer);
    coming = fetchPage()
      .then(
        (tasks) => {
          store.setAhead(tasks);
          said = "empty";
          if (!tasks.length) retryTimer = setTimeout(fill, LOOK_AGAIN_MS);
        },
        (error) => {
          said = error.reason ?? "offline";
          retryTimer = setTimeout(fill, error.retryAfterMs ?? RETRY_MS);
        },
      )
      .finally(() => {
        coming = null;
        if (store.tasks.length) return;
        show();
      });
    return coming;
  }

  /** The page that waits comes on screen at once; the one after it is asked for. */
  function show() {
    if (store.advance()) {
      const { tasks } = store;
      parts.tiles.hidden = false;
      tiles.paint(tasks, { answerOf: (task) => store.answer(task.id), selection });
      selection.setSize(tasks.length, tiles.countColumns());
      parts.tiles.scrollTop = 0;
      parts.tiles.focus({ preventScroll: true });
      watch.restart();
      void fill();
    }
    paint();
  }

  function next() {
    if (!store.isNewest) {
      show();
      return;
    }
    if (store.open.length === store.tasks.length && store.tasks.length) {
      announce("Nothing on this page has a label yet. Select items and press the key of a class.");
      return;
    }
    if (coming && !store.ahead?.length && store.open.length) {
      const before = store.tasks;
      announce("Fetching the next page …");
      void coming.then(() => store.tasks === before && next());
      return;
    }
    if (!store.ahead?.length && store.open.length) {
      announce("This is the last page there is right now.");
      return;
    }
    const rest = store.giveBack();
    if (rest.length) void api.release(rest).catch(() => {}); // they end by themselves too
    if (store.advance()) {
      store.arrange((tasks) => tasks);
      showAdvanced();
    } else {
      selection.setSize(store.tasks.length, tiles.countColumns());
      void fill();
      paint();
    }
  }

  function showAdvanced() {
    tiles.paint(store.tasks, { answerOf: (task) => store.answer(task.id), selection });
    selection.setSize(store.tasks.length, tiles.countColumns());
    parts.tiles.scrollTop = 0;
    watch.restart();
    void fill();
  }

  function announce(words) {
    parts.announce.textContent = words;
    parts.notice.hidden = true;
  }

  /** What a class key is about: what is selected, else the item the keys stand on. */
  const chosen = () => (selection.size ? selection.places : [selection.focus]).map((place) => store.tasks[place]).filter(Boolean);

  function commit(operations, words) {
    if (!operations.length) return;
    for (const operation of operations) void outbox.add(operation);
    watch.restart();
    const wasOne = selection.size === 0;
    selection.none();
    if (wasOne && operations.length === 1) selection.move(1, 0);
    announce(words);
    paint();
  }

  function label(value) {
    const tasks = chosen();
    commit(store.label(tasks, value, watch.elapsedMs), `${tasks.length} labeled ${value}.`);
  }

  function skip(tasks, reason = "") {
    commit(store.skip(tasks, reason, watch.elapsedMs), "Skipped.");
  }

  function askWhy() {
    asked = chosen();
    if (asked.length) skipDialog.open();
  }

  function skipAsked(reason) {
    const { tasks } = store; // some may have gone to others meanwhile
    skip(asked.filter((task) => tasks.includes(task)), reason);
    parts.tiles.focus({ preventScroll: true });
  }

  /** One step back or forth, wherever it was; what it was about comes on screen. */
  function step(take, word) {
    const before = store.tasks;
    const operations = take();
    for (const operation of operations) void outbox.add(operation);
    if (store.tasks !== before) selection.setSize(store.tasks.length, tiles.countColumns());
    if (operations.length) announce(`${word}: ${operations.length}.`);
    paint();
  }

  const actions = {
    undo: () => step(store.undo, "Undone"),
    redo: () => step(store.redo, "Done again"),
    next,
    keys: keysDialog.open,
    skip: () => (needsReason ? askWhy() : skip(chosen())),
    "skip-reason": askWhy,
    accept: () => commit(store.accept(chosen(), watch.elapsedMs), "Labeled as the model guesses."),
    toggle: () => selection.toggle(),
    none: () => selection.none(),
    label,
    move,
    all: () => selection.all(store.tasks.flatMap((task, place) => (store.answer(task.id) ? [] : [place]))),
    "dismiss-refused": () => outbox.dismissRefused(),
    retry() {
      void outbox.wake();
      void fill();
    },
  };

  function move(across, down, extend) {
    selection.setColumns(tiles.countColumns());
    selection.move(across, down, { extend });
    tiles.scrollToFocus(selection.focus);
  }

  function assign() {
    return assignKeys(listGridVerbs(actions, setup.classes), overrides.all);
  }

  function onClick(event) {
    const target = event.target.closest("[data-class], [data-action]");
    if (target?.dataset.class !== undefined) label(target.dataset.class);
    else if (target) actions[target.dataset.action]?.();
    if (target && event.detail && !root.querySelector("dialog[open]")) parts.tiles.focus({ preventScroll: true }); // Enter is the next page again
  }

  function onTile(event) {
    const place = tiles.placeOf(event.target);
    if (place < 0) selection.none();
    else if (event.shiftKey) selection.extendTo(place);
    else selection.toggle(place);
  }

  async function onOrder() {
    remember();
    const shown = await arrange(store.tasks);
    const waiting = store.ahead ? await arrange(store.ahead) : null;
    store.arrange((tasks) => orderByIds(tasks, (tasks === store.ahead ? (waiting ?? []) : shown).map(({ id }) => id)));
    selection.setSize(store.tasks.length, tiles.countColumns());
    paint();
  }

  function remember() {
    localStorage.setItem(KEPT, JSON.stringify([parts.order.value, parts.size.value]));
  }

  function recall() {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    const selects = [parts.order, parts.size];
    for (let n = 0; n < PLACE; n += 1) {
      const option = [...selects[n].options].find(({ value, disabled }) => value === kept[n] && !disabled);
      if (option) selects[n].value = option.value;
    }
  }

  function beat() {
    clearTimeout(heartTimer);
    heartTimer = setTimeout(renew, leaseMs / 3);
  }

  async function renew() {
    const ids = store.heldIds;
    if (ids.length && Date.now() - lastInput < IDLE_MS) {
      const held = await api.renew(ids).then((found) => new Set(found), () => null); // tried again at the next beat
      const lost = held ? ids.filter((id) => !held.has(id)) : [];
      if (lost.length) {
        store.drop(lost);
        selection.setSize(store.tasks.length, tiles.countColumns());
      }
    }
    beat();
    void fill();
  }

  function listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    cleanups.push(() => target.removeEventListener(type, listener, options));
  }

  let leaving = []; // tasks with operations not sent yet: kept at hand, since nothing can be awaited when the page goes
  async function releaseRest() {
    const rest = store.heldIds.filter((id) => !leaving.includes(id));
    if (rest.length) await api.release(rest).catch(() => {}); // the page is going; leases end by themselves too
  }

  recall();
  paintKeys(root, assign());
  cleanups.push(
    listenToKeys(document, () => (root.querySelector("dialog[open]") ? [] : listBindings(assign()))),
    listenToBox(parts.tiles, {
      onStart: selection.startBox,
      onBox: (places, isAdding) => selection.box(places, { isAdding }),
      onEnd: selection.endBox,
      onClick: onTile,
    }),
  );
  listen(root, "click", onClick);
  listen(parts.order, "change", () => void onOrder());
  listen(parts.size, "change", remember);
  for (const type of ["keydown", "pointerdown"]) listen(document, type, () => void (lastInput = Date.now()), { passive: true });
  listen(window, "resize", () => selection.setColumns(tiles.countColumns()));
  listen(window, "online", actions.retry);
  listen(window, "pagehide", () => void releaseRest());
  listen(window, "beforeunload", (event) => {
    if (!storage.isDurable && outbox.waiting) event.preventDefault();
  });
  const rememberTimer = setInterval(async () => void (leaving = await outbox.listTasks()), 1_000);
  cleanups.push(() => clearInterval(rememberTimer));

  await outbox.flush(); // what an earlier visit left comes first, so that its tasks are not handed out again
  await fill();
  root.dataset.ready = "true";

  return function destroy() {
    void releaseRest();
    clearTimeout(retryTimer);
    clearTimeout(heartTimer);
    outbox.stop();
    for (const cleanup of cleanups) cleanup();
  };
}
