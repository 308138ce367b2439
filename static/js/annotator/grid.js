// Wires grid mode together: pages leased ahead, selection, outbox, keys.

import { createApi } from "./api.js";
import { createComments } from "./comments.js";
import { createKeysDialog } from "./dialogs.js";
import { createKeeper, openDrafts } from "./drafts.js";
import { createActs } from "./grid-acts.js";
import { createFeedback, createVerdicts } from "./grid-feedback.js";
import { createFind } from "./grid-find.js";
import { createLook } from "./grid-look.js";
import { createSelection } from "./grid-selection.js";
import { createSets } from "./grid-sets.js";
import { createGridStore } from "./grid-store.js";
import { createSupply } from "./grid-supply.js";
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

const IDLE_MS = 10 * 60_000; // nobody there: leases are left to others
const FOLLOW_MS = 150; // the keys rest on an item: its comments are fetched
const GUIDE_FROM_PX = 1_200;
const KEPT = "gristmill.label-grid"; // in this browser: the order and the size of pages

export async function startGrid(root, setup) {
  const name = `gristmill-outbox-${setup.user}-${setup.project}`;
  const parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  const api = createApi({ base: setup.api, user: setup.user, labelKind: setup.label_kind, onSchema: (version) => renewal.hear(version) });
  const sets = setup.interface ? createSets(setup.interface) : null; // several classes per item
  root.classList.toggle("has-sets", Boolean(sets));
  const keeper = sets ? await createKeeper(await openDrafts(`gristmill-drafts-${setup.user}-${setup.project}`)) : null;
  const store = createGridStore({ labelKind: setup.label_kind, sets, findDraft: (id) => keeper.find(id) });
  const selection = createSelection({ onChange: () => paint() });
  const addressOf = (task) => setup.thumbnail.replace("/0/", `/${task.id}/`);
  const tiles = createTiles({ root: parts.tiles, addressOf, guessOf: store.guessOf });
  const view = createGridView(parts);
  const verdicts = createVerdicts();
  const feedback = createFeedback({ element: parts.feedback, verdicts, look: lookAt });
  const storage = await openStorage(name);
  const outbox = createOutbox({ storage, send: api.send, stamp: { guideVersion: setup.guide_version, schemaVersion: setup.schema_version }, lock: createLock(name), onChange: view.showSave, onOutcome: showVerdict });
  const watch = createStopwatch();
  const overrides = openOverrides(globalThis.localStorage, `gristmill-grid-keys-${setup.user}-${setup.project}`);
  const keysDialog = createKeysDialog({ dialog: parts.keysDialog, assigned: assign, overrides, onChange: () => paintKeys(root, assign()) });
  const guide = createGuide(root, { opensFrom: setup.guide_version === null ? Infinity : GUIDE_FROM_PX });
  const comments = createComments({
    panel: parts.comments, badge: parts.commentCount, api, outbox, current: () => store.tasks[selection.focus] ?? null, onToggle: (isOpen) => root.classList.toggle("has-comments", isOpen),
    nameOf: (task) => `Item ${task.itemId}${task.source ? `: ${task.source}` : ""}`,
  }); // prettier-ignore
  const look = createLook({
    dialog: parts.lookDialog, body: parts.lookBody, title: parts.lookTitle, words: parts.lookWords, current: () => store.tasks[selection.focus] ?? null,
    describe: (task) => view.describe({ answer: store.answer(task.id), guess: store.guessOf(task), isSelected: selection.has(selection.focus), selected: selection.size }),
    onClose: () => parts.tiles.focus({ preventScroll: true }),
  }); // prettier-ignore
  const acts = createActs({
    store, selection, outbox, sets, keeper, watch, chosen, paint, announce: (words) => announce(words), skip: setup.skip, dialog: parts.skipDialog,
    onPage: () => selection.setSize(store.tasks.length, tiles.countColumns()), onAsked: () => parts.tiles.focus({ preventScroll: true }),
  }); // prettier-ignore
  const find = createFind({ field: parts.find, choices: parts.choices, label: acts.label, leave: () => parts.tiles.focus({ preventScroll: true }) });
  const renewal = createRenewal({
    root, version: setup.schema_version, isFree, say: (text) => announce(text, { isShown: true }),
    async leave() {
      await Promise.all([outbox.flush(), supply.coming]);
      const waiting = (store.ahead ?? []).map(({ id }) => id); // else both pages would come as one
      store.setAhead(null);
      if (waiting.length) await api.release(waiting).catch(() => {}); // they end by themselves too
    },
  });
  const remember = keepChoices([parts.order, parts.size], KEPT);
  const shell = createShell({ user: setup.user, scope: location.pathname.replace(/\/grid$/, "") });
  const cleanups = [shell.stop];
  noteOutbox(globalThis.localStorage, { name, user: setup.user, api: setup.api, labelKind: setup.label_kind, title: setup.title, page: location.pathname });
  let isOnlyTab = true;
  let lastInput = Date.now();
  let followTimer = null;
  const supply = createSupply({
    api, store, outbox, shell, orderAddress: setup.order, wanted: () => ({ count: Number(parts.size.value), order: parts.order.value }),
    isOnlyTab: () => isOnlyTab, isPaused: () => renewal.isUnderWay, isSomebodyThere: () => Date.now() - lastInput < IDLE_MS, prepare: tiles.prepare,
    onOnline: () => view.stand(""), say: (words) => announce(words, { isShown: true }), onPage: () => store.tasks.length || show(),
    onLost: () => selection.setSize(store.tasks.length, tiles.countColumns()),
  }); // prettier-ignore

  /** Nothing on this page was decided or chosen, and all that was decided is kept where a new page finds it. */
  function isFree() {
    const isBegun = !store.isNewest || store.open.length < store.tasks.length || selection.size > 0;
    return !isBegun && !root.querySelector("dialog[open]") && !isTyping(root) && (storage.isDurable || !outbox.waiting);
  }

  function paint() {
    const { tasks } = store;
    if (isOnlyTab) shell.hold([...store.open, ...store.unsaved, ...(store.ahead ?? [])]);
    view.showPage(!tasks.length, supply.said, supply.elsewhere);
    view.showSteps(store);
    if (!tasks.length) return;
    tiles.paint(tasks, { answerOf: (task) => store.answer(task.id), verdictOf: (task) => verdicts.find(task.id), selection });
    view.showCount({ total: tasks.length, left: store.open.length, selected: selection.size, hasGuess: tasks.some(store.guessOf), unsaved: store.unsaved.length });
    if (sets) view.showSets(store.summarize(chosen()));
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

  /** The page that waits comes on screen at once; the one after it is asked for. */
  function show() {
    if (store.advance()) {
      showAdvanced();
      parts.tiles.focus({ preventScroll: true });
    }
    paint();
  }

  function next() {
    const saved = acts.save();
    if (!store.isNewest) {
      show();
      return;
    }
    if (store.open.length === store.tasks.length && store.tasks.length) {
      announce("Nothing on this page has a label yet. Select items and press the key of a class.", { isShown: true });
      return;
    }
    if (supply.coming && !store.ahead?.length && store.open.length) {
      const before = store.tasks;
      announce("Fetching the next page …", { isShown: true });
      void supply.coming.then(() => store.tasks === before && next());
      return;
    }
    if (!store.ahead?.length && store.open.length) {
      announce(`${saved ? `${saved} saved. ` : ""}This is the last page there is right now.`, { isShown: true });
      return;
    }
    const rest = store.giveBack();
    if (rest.length) void api.release(rest).catch(() => {}); // they end by themselves too
    if (store.advance()) {
      showAdvanced();
    } else {
      selection.setSize(store.tasks.length, tiles.countColumns());
      void supply.fill();
      paint();
    }
  }

  function showAdvanced() {
    paint(); // columns are counted on what is there
    selection.setSize(store.tasks.length, tiles.countColumns());
    parts.tiles.scrollTop = 0;
    watch.restart();
    renewal.look();
    void supply.fill();
  }

  const { announce } = view;

  /** What a class key is about: what is selected, else the item the keys stand on. */
  function chosen() {
    return (selection.size ? selection.places : [selection.focus]).map((place) => store.tasks[place]).filter(Boolean);
  }

  const actions = {
    ...acts,
    next,
    keys: keysDialog.open,
    toggle: () => selection.toggle(),
    look: look.toggle,
    find,
    "look-back": () => move(-1, 0, false),
    "look-on": () => move(1, 0, false),
    none: letGo,
    guide: () => guide.toggle(comments),
    comments: comments.toggle,
    move,
    all: () => selection.all(store.tasks.flatMap((task, place) => (store.answer(task.id) ? [] : [place]))),
    "dismiss-refused": () => outbox.dismissRefused(),
    retry() {
      void outbox.wake();
      void supply.fill();
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
    return assignKeys(listGridVerbs(actions, setup.classes, sets), overrides.all);
  }

  function onClick(event) {
    const target = event.target.closest("[data-class], [data-action]");
    if (target?.dataset.class !== undefined) acts.label(target.dataset.class);
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

  function listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    cleanups.push(() => target.removeEventListener(type, listener, options));
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
  listen(parts.order, "change", () => {
    remember();
    acts.save(); // the page goes
    void supply.renewOrder().then((isThere) => isThere && show());
  });
  listen(parts.size, "change", remember);
  for (const type of ["keydown", "pointerdown"]) listen(document, type, () => void (lastInput = Date.now()), { passive: true });
  listen(window, "resize", () => selection.setColumns(tiles.countColumns()));
  listen(window, "online", actions.retry);
  listen(window, "pagehide", () => void supply.release());
  listen(window, "beforeunload", (event) => {
    if (!storage.isDurable && outbox.waiting) event.preventDefault();
  });
  await outbox.flush(); // what an earlier visit left comes first, so that its tasks are not handed out again
  isOnlyTab = await claimTab(`${name}-tab`);
  await supply.fill();
  if (shell.isStanding && supply.said === "offline") await standAlone();
  root.dataset.ready = "true";
  void shell.keep();

  /** Without the network, with the page that the visit before had in hand. */
  async function standAlone() {
    store.setAhead(isOnlyTab ? await shell.readHeld(await outbox.listTasks()) : []);
    show();
    view.stand(sayStanding(store.open.length));
  }

  return function destroy() {
    void supply.release();
    supply.stop();
    clearTimeout(followTimer);
    feedback.destroy();
    outbox.stop();
    for (const cleanup of cleanups) cleanup();
  };
}
