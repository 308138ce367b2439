// Wires the labelling page together: what is asked, state, queue, outbox, keys, desks.

import { createActions } from "./actions.js";
import { createApi } from "./api.js";
import { fitResult } from "./checks.js";
import { readAnswer } from "./codec.js";
import { createComments } from "./comments.js";
import { createDesk } from "./desk.js";
import { createKeysDialog, createSkipDialog } from "./dialogs.js";
import { createKeeper, createMemoryDrafts, openDrafts } from "./drafts.js";
import { createGuide } from "./guide.js";
import { isPlain, listHeadings, listSelected, paintLabels, readInterface } from "./interface.js";
import { paintKeys } from "./key-caps.js";
import { listenToKeys } from "./keyboard.js";
import { assignKeys, listBindings, openOverrides } from "./keymap.js";
import { createLate } from "./late.js";
import { createLooker } from "./looker.js";
import { buildPlain, createMedia } from "./media.js";
import { MESSAGES, sayStanding } from "./messages.js";
import { createMemoryStorage, createOutbox, makeKey, States } from "./outbox.js";
import { noteOutbox } from "./outbox-notes.js";
import { createPreviewApi } from "./preview.js";
import { createProposals } from "./proposals.js";
import { createQueue } from "./queue.js";
import { createQuick } from "./quick.js";
import { createQuizApi } from "./quiz.js";
import { createRenewal, isTyping } from "./renewal.js";
import { createRightAnswers } from "./right-answers.js";
import { createSession } from "./session.js";
import { createShell } from "./shell.js";
import { createSmart } from "./smart.js";
import { openSteps } from "./steps.js";
import { createStopwatch } from "./stopwatch.js";
import { openStorage } from "./storage.js";
import { createStore } from "./store.js";
import { loadSurfaces } from "./surfaces/index.js";
import { claimTab, createLock } from "./tabs.js";
import { createTotals } from "./totals.js";
import { listPageVerbs } from "./verbs.js";
import { createView } from "./view.js";

const STATUS_EVERY_MS = 30_000;
const DESKS_AHEAD = 12;
const GUIDE_FROM_PX = { quick: 992, full: 1_200 };

const makeId = () => makeKey().replaceAll("-", "").slice(0, 10); // also over plain HTTP, where there is no randomUUID

export async function startAnnotator(root, setup) {
  const { preview, quiz } = setup;
  const own = `${setup.user}-${setup.project}${quiz ? `-quiz-${quiz.attempt}` : ""}`; // what this browser keeps is named after it
  const name = `gristmill-outbox-${own}`;
  const view = paintLabels(readInterface(setup));
  const quick = view.quick ? createQuick(view.quick, (entry) => actions.answer(entry), listHeadings(view.layout)) : null;
  const screen = createView(root, quick, { isQuiz: Boolean(quiz) });
  const looker = quick ? createLooker() : null;
  const store = createStore();
  const watch = createStopwatch();
  const api = preview ? createPreviewApi(preview.tasks ?? []) : reachServer();
  const storage = preview ? createMemoryStorage() : await openStorage(name);
  const keeper = await createKeeper(preview ? createMemoryDrafts() : await openDrafts(`gristmill-drafts-${own}`));
  const needsDesk = !quick || setup.item_kind === undefined || !isPlain(view, { kind: setup.item_kind });
  const makers = needsDesk ? await loadSurfaces(view.objects.map(({ tag }) => tag)) : new Map();
  const overrides = openOverrides(globalThis.localStorage, `gristmill-keys-${setup.user}-${setup.project}`);
  const totals = createTotals((figures) => screen.showProgress(figures), quiz ? 1 : setup.answers_wanted);
  const memory = { armed: null }; // what desks hand on to the next one
  const cleanups = [];
  if (!preview && !quiz) noteOutbox(globalThis.localStorage, { name, user: setup.user, api: setup.api, labelKind: setup.label_kind, title: setup.title, page: location.pathname });
  const shell = preview || quiz || setup.fix ? null : createShell({ user: setup.user, scope: location.pathname });
  let painted = null;
  let isKeysDue = false;

  const media = createMedia({ build: buildItem, onShown: showDesk });
  const outbox = createOutbox({
    storage, send: api.send, stamp: { guideVersion: setup.guide_version, schemaVersion: setup.schema_version }, lock: createLock(name), onChange: showSave,
    onOutcome(operation, outcome) {
      if (outcome.feedback) showFeedback(operation.task, outcome.feedback);
      if (!outcome.isSaved && operation.result && !quick) void keeper.keep(operation.task, operation.result); // to be bettered
      if (operation.fixes && outcome.isSaved) location.assign(setup.fix.back);
      void comments.hear(operation, outcome);
    },
  }); // prettier-ignore
  const queue = createQueue({ api, store, prepare: (task) => media.prepare(task), onState: showQueue, pace: () => totals.pace, settle: () => outbox.wake(), listSent: () => outbox.listTasks(), mayResume, prepared: needsDesk ? DESKS_AHEAD : undefined });
  const proposals = createProposals({
    bar: screen.parts.proposal, take: takeSuggestion, paintGhosts, onSettled: (id) => smart?.settle(id),
    submit: quick ? null : submitSuggestion, isStarted: () => Boolean(media.shown?.session?.isChanged),
  }); // prettier-ignore
  const smart = setup.smart ? createSmart({ api, title: setup.smart.title, current: () => store.current, offer: offerAnswer, say: (text) => screen.say(text) }) : null;
  const late = setup.asks_opened && !preview && !quiz ? createLate({ api, store, onOffer: () => (proposals.show(store.current, store.isLookingBack), showKeys()) }) : null;
  const actions = createActions({ view, store, media, screen, keeper, watch, proposals, commit, count: totals.count, quick, isFinal: Boolean(quiz) });
  const comments = createComments({
    panel: root.querySelector("[data-part=comments]"), badge: root.querySelector("[data-part=commentCount]"), api, outbox, current: () => store.current, onToggle: (isOpen) => root.classList.toggle("has-comments", isOpen),
  }); // prettier-ignore
  const rightAnswers = createRightAnswers({ open: (id) => (screen.hideFeedback(), store.look(id)), isKnown: (id) => store.answerOf(id) !== null });
  const guide = createGuide(root, { opensFrom: preview ? Infinity : GUIDE_FROM_PX[quick ? "quick" : "full"] });
  const keysDialog = createKeysDialog({ dialog: root.querySelector("[data-part=keysDialog]"), assigned: assign, overrides, onChange: showKeys });
  const skipDialog = createSkipDialog({ dialog: root.querySelector("[data-part=skipDialog]"), reasons: setup.skip?.reasons, needsReason: setup.skip?.needs_reason, skip: actions.skip });

  const renewal = createRenewal({
    root, version: setup.schema_version, isFree,
    leave: () => Promise.all([keeper.flush(), outbox.flush()]),
    change: (fresh) => (fresh.first_task = store.isLookingBack ? null : (store.current?.id ?? null)), // stays on screen
    say: (text) => screen.say(text),
  }); // prettier-ignore

  function reachServer() {
    const server = createApi({ base: setup.api, user: setup.user, labelKind: setup.label_kind, onSchema: (version) => renewal.hear(version) });
    return quiz ? createQuizApi(server, quiz, (task, told) => rightAnswers.keep(task, told)) : server;
  }

  /** Whether what this person has in hand is this page's: no other tab labels here. */
  async function mayResume() {
    return Boolean(preview) || (await claimTab(`${name}-tab`));
  }

  /** Nothing is in the making, and all that was decided is kept where a new page finds it. */
  function isFree() {
    const isBusy = media.shown?.session?.isChanged || store.isLookingBack || root.querySelector("dialog[open]");
    return !isBusy && !isTyping(root) && (storage.isDurable || !outbox.waiting);
  }

  async function buildItem(task) {
    if (quick && isPlain(view, task)) return buildPlain(task, looker);
    const draft = keeper.find(task.id) ?? store.answerOf(task.id)?.result ?? task.returned?.result ?? listSelected(view, task);
    const session = createSession({ makeId, result: fitResult(view, draft) }); // the schema may have changed
    const settings = { memory, say: (text) => screen.say(text), previous: () => store.lastResult, user: setup.user, project: setup.project, takesFocus: !preview, smart };
    const desk = createDesk({ view, task, session, makers, settings });
    const stopKeeping = keeper.watch(task.id, session);
    const stopPainting = session.subscribe(({ type }) => {
      if (media.shown?.task !== task) return;
      showKeys();
      if (type !== "changed") return;
      screen.clearMissing();
      showAround();
    });
    await desk.ready;
    return { ...desk, destroy: () => (stopKeeping(), stopPainting(), desk.destroy()) };
  }

  /** Nothing of the item before stays around a stage that is empty. */
  function clearDesk() {
    if (!quick) screen.showDesk(null);
    screen.say("");
    proposals.show(null, false);
  }

  function showDesk(desk) {
    if (!quick) screen.showDesk(desk);
    proposals.show(store.current, store.isLookingBack);
    showRight();
    showAround();
    showKeys();
  }

  /** A suggestion takes the place of what is there; with `isMore` it comes beside it, under ids of its own. */
  function takeSuggestion(result, isMore = false) {
    if (quick) return actions.answer(result[0]);
    const drawn = new Set(view.drawing.map((control) => control.name));
    const ids = new Map(result.filter(({ id }) => isMore && id !== undefined).map(({ id }) => [id, makeId()]));
    const nameOf = (entry) => ids.get(entry.id) ?? entry.id ?? (drawn.has(entry.from_name) ? makeId() : undefined);
    const named = result.map((entry) => (nameOf(entry) === undefined ? entry : { ...entry, id: nameOf(entry) }));
    const session = media.shown?.session;
    return session?.replace(isMore ? [...session.result, ...named] : named);
  }

  /** What was begun before is not thrown away by one key. */
  function submitSuggestion(wasStarted) {
    if (!wasStarted) return actions.submit();
    return screen.say("It took the place of what you had begun: Enter submits it, undo brings that back.");
  }

  function offerAnswer(id, suggestion) {
    proposals.offer(id, suggestion);
    screen.say("Dashed is what it answered.");
    showKeys();
  }

  function paintGhosts(result) {
    quick?.suggest(result);
    media.shown?.regions?.showGhosts(result);
  }

  function showFeedback(task, feedback) {
    const hasMore = rightAnswers.keep(task, feedback);
    screen.showFeedback(feedback, hasMore ? rightAnswers.look : null);
    showKeys();
  }

  /** Dashed over an answer that one looks back at: the right one, where the item was a check item. */
  function showRight() {
    const right = store.isLookingBack && rightAnswers.find(store.current.id);
    if (!right) return;
    media.shown?.regions?.showGhosts(right);
    screen.say("Dashed is the right answer.");
  }

  function showSave(change) {
    screen.showSave(change, storage.isDurable || Boolean(preview));
    if (change.state === States.SIGNED_OUT || change.state === States.NO_ACCESS) {
      screen.notify(`${MESSAGES[change.state][0]}. ${MESSAGES[change.state][1]}`, "is-serious");
    } else if (change.state === States.SAVED) {
      screen.notify("");
    }
  }

  function showQueue(state, detail) {
    if (shell?.isStanding && state === "ready") screen.notify("");
    if (state === "idle" || !store.current) paint();
    else if (state === "signed-out" || state === "no-access") screen.notify(MESSAGES[state].join(". "), "is-serious");
    if (detail) screen.parts.emptyText.title = detail;
  }

  function showAround() {
    const session = media.shown?.session;
    const { isLookingBack, place } = store;
    const [canUndo, canRedo] = [store.canUndo || Boolean(session?.canUndo), store.canRedo || Boolean(session?.canRedo)];
    screen.showAround({ answer: store.currentAnswer, isLookingBack, place, returned: store.current?.returned, canUndo, canRedo });
  }

  function paint() {
    const task = store.current;
    if (queue.state === "idle" || !task) {
      painted = null;
      media.leave();
      clearDesk();
      if (queue.state === "loading") screen.showLoading();
      else screen.showMessage(queue.state, queue.elsewhere);
      return;
    }
    showAround();
    const answer = store.currentAnswer;
    const showing = `${task.id} ${store.isLookingBack}`;
    if (painted === showing) return void quick?.show(answer, false, task); // what is typed, scrolled or selected meanwhile stays
    painted = showing;
    screen.showItem(task, answer, media, () => store.current?.id === task.id);
    quick?.show(answer, true, task);
    comments.follow();
    watch.restart();
  }

  function commit(operation, words) {
    if (!operation) return;
    const isFix = setup.fix && operation.task === setup.fix.task && operation.kind === "answer";
    void outbox.add(isFix ? { ...operation, fixes: setup.fix.annotation } : operation);
    screen.announce(words);
    void queue.fill();
  }

  const verbs = {
    undo: actions.undo,
    redo: actions.redo,
    submit: actions.submit,
    skip: () => (setup.skip?.needs_reason ? verbs["skip-reason"]() : actions.skip()),
    "skip-reason": () => store.current && skipDialog.open(),
    guide: () => guide.toggle(comments),
    comments: () => !preview && !quiz && comments.toggle(),
    keys: () => keysDialog.open(),
    back: () => store.move(-1),
    forward: () => store.move(1),
    "dismiss-refused": () => outbox.dismissRefused(),
    enter: () => (quick ? quick.onEnter() : actions.submit()),
    escape() {
      quick?.onEscape();
      if (document.activeElement?.matches("input, textarea, select")) document.activeElement.blur();
      else store.goLive();
    },
    retry() {
      queue.touch();
      void outbox.wake();
      void queue.fill();
    },
  };

  function assign() {
    const own = [...(quick?.verbs() ?? []), ...(media.shown?.verbs?.() ?? [])];
    return assignKeys([...own, ...proposals.verbs(), ...rightAnswers.verbs(), ...listPageVerbs(verbs, { isQuick: Boolean(quick), hasComments: !preview && !quiz, isQuiz: Boolean(quiz) })], overrides.all);
  }

  /** Once what is on screen is all there: a desk is put there in several steps. */
  function showKeys() {
    if (isKeysDue) return;
    isKeysDue = true;
    queueMicrotask(() => {
      isKeysDue = false;
      paintKeys(root, assign());
    });
  }

  async function refreshStatus() {
    try {
      await totals.refresh(api.status, () => outbox.waiting);
    } catch (error) {
      if (error.reason === "no-access" || error.reason === "signed-out") showQueue(error.reason, error.message);
    }
  }

  let leaving = []; // tasks with operations not sent yet: kept at hand, since nothing can be awaited when the page goes

  async function releaseRest() {
    void keeper.flush();
    if (renewal.isUnderWay) return; // what is held stays with the page that takes this one's place
    const waiting = new Set(leaving);
    const rest = store.heldIds.filter((id) => !waiting.has(id));
    if (rest.length) await api.release(rest).catch(() => {}); // the page is going; leases end by themselves too
  }

  function listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    cleanups.push(() => target.removeEventListener(type, listener, options));
  }

  cleanups.push(
    store.subscribe(() => (paint(), renewal.look())),
    store.subscribe(({ type, tasks }) => type === "added" && late?.follow(tasks)),
    listenToKeys(preview ? root : document, () => (root.querySelector("dialog[open]") ? [] : listBindings(assign()))),
  );
  listen(root, "click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    verbs[action]?.();
  });
  listen(document, "visibilitychange", () => {
    if (document.hidden) {
      watch.pause();
      void keeper.flush();
    } else {
      watch.resume();
      if (outbox.waiting) void outbox.wake();
    }
  });
  for (const type of ["keydown", "pointerdown"]) listen(document, type, () => queue.touch(), { passive: true });
  listen(window, "online", () => verbs.retry());
  listen(window, "focus", () => outbox.waiting && outbox.wake());
  listen(window, "pagehide", () => void releaseRest());
  listen(window, "pageshow", (event) => event.persisted && queue.renew());
  listen(window, "beforeunload", (event) => {
    if (!storage.isDurable && !preview && outbox.waiting) event.preventDefault();
  });

  const statusTimer = setInterval(() => void refreshStatus(), STATUS_EVERY_MS);
  const rememberTimer = setInterval(async () => (leaving = await outbox.listTasks()), 1_000);
  cleanups.push(() => clearInterval(statusTimer), () => clearInterval(rememberTimer));

  const steps = openSteps(preview || quiz ? null : globalThis.sessionStorage, `gristmill-steps-${setup.user}-${setup.project}`);
  const before = steps.read();
  cleanups.push(store.subscribe(({ type }) => (type === "decided" || type === "undone" || type === "restored") && steps.keep(store.steps)));

  const isOnlyTab = await mayResume();
  if (shell && isOnlyTab) cleanups.push(shell.stop, store.subscribe(() => shell.hold(store.ahead)));
  await outbox.flush(); // what an earlier visit left comes first, so that its tasks are not handed out again
  if (setup.first_task) await openTask(setup.first_task);
  await queue.start({ resume: isOnlyTab });
  if (shell?.isStanding && queue.state === "offline") await standAlone();
  void api.history().then((entries) => store.restoreHistory(entries, before), () => {});
  void refreshStatus();
  if (store.current) await media.prepare(store.current); // its keys are heard once it is on the stage
  root.dataset.ready = "true";
  void shell?.keep();

  /** Without the network, with what the visit before had in hand. */
  async function standAlone() {
    queue.adopt(isOnlyTab ? await shell.readHeld(await outbox.listTasks()) : []);
    screen.notify(sayStanding(store.ahead.length));
  }

  async function openTask(id) {
    try {
      const task = await api.task(id);
      if (setup.fix?.task === id) {
        const answer = readAnswer({ kind: "answer", result: setup.fix.result });
        store.restoreHistory([{ task, answer }]); // somebody else's, looked at as if it were an earlier one of ours
      } else if (!preview && !quiz) {
        const answer = await api.ownAnswer(id); // opened to be changed: an empty form would take its place
        if (answer) store.restoreHistory([{ task, answer }]);
      }
      store.open(task);
    } catch (error) {
      screen.notify(error.message, "is-serious");
    }
  }

  return function destroy() {
    void releaseRest();
    queue.stop();
    late?.stop();
    outbox.stop();
    media.destroy();
    looker?.destroy();
    for (const cleanup of cleanups) cleanup();
  };
}
