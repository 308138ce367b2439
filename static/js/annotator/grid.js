// Wires grid mode together: pages leased ahead, selection, outbox, keys.

import { createApi, readCookie } from "./api.js";
import { createComments } from "./comments.js";
import { createKeysDialog, createSkipDialog } from "./dialogs.js";
import { createFeedback, createVerdicts } from "./grid-feedback.js";
import { createFind } from "./grid-find.js";
import { createLook } from "./grid-look.js";
import { createSelection } from "./grid-selection.js";
import { createGridStore, orderByGuess, orderByIds, readGuess } from "./grid-store.js";
import { createTiles, listenToBox } from "./grid-tiles.js";
import { listGridVerbs } from "./grid-verbs.js";
import { createGridView, keepChoices } from "./grid-view.js";
import { createGuide } from "./guide.js";
import { paintKeys } from "./key-caps.js";
import { listenToKeys } from "./keyboard.js";
import { assignKeys, listBindings, openOverrides } from "./keymap.js";
import { sayStanding } from "./messages.js";
import { createOutbox } from "./outbox.js";
import { noteOutbox } from "./outbox-notes.js";
import { createRenewal, isTyping } from "./renewal.js";
import { createShell } from "./shell.js";
import { createStopwatch } from "./stopwatch.js";
import { openStorage } from "./storage.js";
import { claimTab, createLock } from "./tabs.js";

const RETRY_MS = 3_000;
const LOOK_AGAIN_MS = 15_000;
const IDLE_MS = 10 * 60_000; // nobody there: leases are left to others
const FOLLOW_MS = 150; // the keys rest on an item: its comments are fetched
const GUIDE_FROM_PX = 1_200;
const KEPT = "gristmill.label-grid"; // in this browser: the order and the size of pages

export async function startGrid(root, setup) {
  const name = `gristmill-outbox-${setup.user}-${setup.project}`;
  const parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  const api = createApi({ base: setup.api, user: setup.user, labelKind: setup.label_kind, onSchema: (version) => renewal.hear(version) });
  const store = createGridStore({ labelKind: setup.label_kind });
  const selection = createSelection({ onChange: () => paint() });
  const addressOf = (task) => setup.thumbnail.replace("/0/", `/${task.id}/`);
  const tiles = createTiles({ root: parts.tiles, addressOf, guessOf: readGuess });
  const view = createGridView(parts);
  const verdicts = createVerdicts();
  const feedback = createFeedback({ element: parts.feedback, verdicts, look: lookAt });
  const storage = await openStorage(name);
  const outbox = createOutbox({ storage, send: api.send, stamp: { guideVersion: setup.guide_version, schemaVersion: setup.schema_version }, lock: createLock(name), onChange: view.showSave, onOutcome: showVerdict });
  const watch = createStopwatch();
  const { reasons, needs_reason: needsReason } = setup.skip ?? {};
  const overrides = openOverrides(globalThis.localStorage, `gristmill-grid-keys-${setup.user}-${setup.project}`);
  const keysDialog = createKeysDialog({ dialog: parts.keysDialog, assigned: assign, overrides, onChange: () => paintKeys(root, assign()) });
  const skipDialog = createSkipDialog({ dialog: parts.skipDialog, reasons, needsReason, skip: skipAsked });
  const guide = createGuide(root, { opensFrom: setup.guide_version === null ? Infinity : GUIDE_FROM_PX });
  const comments = createComments({
    panel: parts.comments, badge: parts.commentCount, api, outbox, current: () => store.tasks[selection.focus] ?? null, onToggle: (isOpen) => root.classList.toggle("has-comments", isOpen),
    nameOf: (task) => `Item ${task.itemId}${task.source ? `: ${task.source}` : ""}`,
  }); // prettier-ignore
  const look = createLook({
    dialog: parts.lookDialog, body: parts.lookBody, title: parts.lookTitle, words: parts.lookWords, current: () => store.tasks[selection.focus] ?? null,
    describe: (task) => view.describe({ answer: store.answer(task.id), guess: readGuess(task), isSelected: selection.has(selection.focus), selected: selection.size }),
    onClose: () => parts.tiles.focus({ preventScroll: true }),
  }); // prettier-ignore
  const find = createFind({ field: parts.find, choices: parts.choices, label, leave: () => parts.tiles.focus({ preventScroll: true }) });
  const renewal = createRenewal({
    root, version: setup.schema_version, isFree, say: (text) => announce(text, { isShown: true }),
    async leave() {
      await Promise.all([outbox.flush(), coming]);
      const waiting = (store.ahead ?? []).map(({ id }) => id); // else both pages would come as one
      store.setAhead(null);
      if (waiting.length) await api.release(waiting).catch(() => {}); // they end by themselves too
    },
  });
  const remember = keepChoices([parts.order, parts.size], KEPT);
  const shell = createShell({ user: setup.user, scope: location.pathname.replace(/\/grid$/, "") });
  const cleanups = [shell.stop];
  noteOutbox(globalThis.localStorage, { name, user: setup.user, api: setup.api, labelKind: setup.label_kind, title: setup.title, page: location.pathname });
  let asked = []; // the tasks that the dialog asks a reason for: the selection may be gone by the time it is given
  let coming = null; // the promise of the next page
  let isFirst = true;
  let isOnlyTab = true;
  let leaseMs = 120_000;
  let lastInput = Date.now();
  let retryTimer = null;
  let heartTimer = null;
  let followTimer = null;
  let said = "";
  let elsewhere = 0; // items of an empty queue that others have in hand

  /** Nothing on this page was decided or chosen, and all that was decided is kept where a new page finds it. */
  function isFree() {
    const isBegun = !store.isNewest || store.open.length < store.tasks.length || selection.size > 0;
    return !isBegun && !root.querySelector("dialog[open]") && !isTyping(root) && (storage.isDurable || !outbox.waiting);
  }

  function paint() {
    const { tasks } = store;
    if (isOnlyTab) shell.hold([...store.open, ...(store.ahead ?? [])]);
    view.showPage(!tasks.length, said, elsewhere);
    view.showSteps(store);
    if (!tasks.length) return;
    tiles.paint(tasks, { answerOf: (task) => store.answer(task.id), verdictOf: (task) => verdicts.find(task.id), selection });
    view.showCount({ total: tasks.length, left: store.open.length, selected: selection.size, hasGuess: tasks.some(readGuess) });
    look.paint();
    clearTimeout(followTimer);
    followTimer = setTimeout(comments.follow, FOLLOW_MS);
  }

  /** An answer was a gold item's: told at once, gathered for its page. */
  function showVerdict(operation, outcome) {
    const [{ task, value: given }, { feedback: found }] = [operation, outcome];
    void comments.hear(operation, outcome);
    if (!found) return;
    verdicts.add(store.pageOf(task), { task, given, ...found });
    feedback.paint();
    paint();
  }

  function lookAt(id) {
    const place = store.tasks.findIndex((task) => task.id === id);
    if (place < 0) return announce("This item is on a page before; undo leads back to it.", { isShown: true });
    selection.goTo(place);
    tiles.scrollToFocus(place);
    parts.tiles.focus({ preventScroll: true });
  }

  /** A page from the queue, in the order that is asked for, its pictures decoded. */
  async function fetchPage() {
    if (shell.isStanding && isFirst) await outbox.wake(); // else what was answered offline would be handed out again
    const wanted = Number(parts.size.value);
    const order = parts.order.value === "queue" ? "" : parts.order.value; // of the whole queue
    const lent = await api.next(wanted, isFirst && isOnlyTab, order); // what another tab has on screen stays there
    ({ leaseMs, elsewhere } = lent);
    if (shell.isStanding) view.stand("");
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
    if (response?.ok) return orderByIds(tasks, (await response.json()).order);
    view.announce("The items could not be put in order; they come as the queue has them.", { isShown: true });
    return tasks;
  }

  function fill() {
    if (coming || store.ahead?.length || renewal.isUnderWay) return coming;
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
      showAdvanced();
      parts.tiles.focus({ preventScroll: true });
    }
    paint();
  }

  function next() {
    if (!store.isNewest) {
      show();
      return;
    }
    if (store.open.length === store.tasks.length && store.tasks.length) {
      announce("Nothing on this page has a label yet. Select items and press the key of a class.", { isShown: true });
      return;
    }
    if (coming && !store.ahead?.length && store.open.length) {
      const before = store.tasks;
      announce("Fetching the next page …", { isShown: true });
      void coming.then(() => store.tasks === before && next());
      return;
    }
    if (!store.ahead?.length && store.open.length) {
      announce("This is the last page there is right now.", { isShown: true });
      return;
    }
    const rest = store.giveBack();
    if (rest.length) void api.release(rest).catch(() => {}); // they end by themselves too
    if (store.advance()) {
      showAdvanced();
    } else {
      selection.setSize(store.tasks.length, tiles.countColumns());
      void fill();
      paint();
    }
  }

  function showAdvanced() {
    paint(); // columns are counted on what is there
    selection.setSize(store.tasks.length, tiles.countColumns());
    parts.tiles.scrollTop = 0;
    watch.restart();
    renewal.look();
    void fill();
  }

  const { announce } = view;

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
    look: look.toggle,
    find,
    "look-back": () => move(-1, 0, false),
    "look-on": () => move(1, 0, false),
    none: letGo,
    guide: () => guide.toggle(comments),
    comments: comments.toggle,
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

  /** Out of a text first, then of the selection. */
  function letGo() {
    if (document.activeElement?.matches("textarea, input")) document.activeElement.blur();
    else selection.none();
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
    if (event.target.closest(".label-grid-magnifier")) {
      selection.goTo(place);
      look.toggle();
    } else if (place < 0) selection.none();
    else if (event.shiftKey) selection.extendTo(place);
    else selection.toggle(place);
  }

  /** Another order is of the whole queue: what is not decided goes back, and the page comes anew. */
  async function onOrder() {
    remember();
    await coming;
    if (!store.isNewest) return; // pages to come have the new order
    const rest = [...store.giveBack(), ...(store.ahead ?? []).map(({ id }) => id)];
    store.setAhead(null);
    await api.release(rest).catch(() => {}); // they end by themselves too
    await fill();
    if (store.ahead?.length) show();
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
    if (renewal.isUnderWay) return; // what is held stays with the page that takes this one's place
    const rest = store.heldIds.filter((id) => !leaving.includes(id));
    if (rest.length) await api.release(rest).catch(() => {}); // the page is going; leases end by themselves too
  }

  paintKeys(root, assign());
  cleanups.push(
    listenToKeys(document, () => (root.querySelector("dialog[open]:not([data-part=lookDialog])") ? [] : listBindings(look.keep(assign())))),
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
  isOnlyTab = await claimTab(`${name}-tab`);
  await fill();
  if (shell.isStanding && said === "offline") await standAlone();
  root.dataset.ready = "true";
  void shell.keep();

  /** Without the network, with the page that the visit before had in hand. */
  async function standAlone() {
    store.setAhead(isOnlyTab ? await shell.readHeld(await outbox.listTasks()) : []);
    show();
    view.stand(sayStanding(store.open.length));
  }

  return function destroy() {
    void releaseRest();
    clearTimeout(retryTimer);
    clearTimeout(heartTimer);
    clearTimeout(followTimer);
    feedback.destroy();
    outbox.stop();
    for (const cleanup of cleanups) cleanup();
  };
}
