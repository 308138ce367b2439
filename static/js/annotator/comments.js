// The thread of comments on the item, beside it. What one says goes through the outbox, so that it is kept offline too.

import { offerNames } from "../mentions.js";
import { make } from "./dom.js";

/**
 * `api` has comments(task), resolve(id, isClosed), mentionable(task); `outbox` has add(operation) and listWaiting().
 * `current()` is the task on screen, null while there is none; its `comments` is how many are open. `badge` shows that;
 * `nameOf(task)` says which task it is, where several are on screen.
 */
export function createComments({ panel, badge, api, outbox, current, onToggle, nameOf = () => "" }) {
  const list = panel.querySelector("[data-part=commentList]");
  const form = panel.querySelector("[data-part=commentForm]");
  const about = panel.querySelector("[data-part=commentAbout]");
  const said = panel.querySelector("[data-part=commentSaid]");
  const names = new Map(); // task id -> promise of the names to offer
  let shown = null; // id of the task whose thread is on screen
  const settled = new Set(); // keys of those that the server has taken or refused
  let loads = 0;

  function paintBadge() {
    const count = current()?.comments ?? 0;
    badge.hidden = !count;
    badge.textContent = String(count);
    badge.setAttribute("aria-label", `${count} open`);
  }

  function paint(comments, waiting) {
    list.replaceChildren(...comments.map(buildComment), ...waiting.map(buildWaiting));
    const isEmpty = !comments.length && !waiting.length;
    said.textContent = isEmpty ? "Nobody said anything about this item yet. Mention people with @name." : "";
  }

  function buildComment({ id, author, body, created_at: at, resolved_at: resolved }) {
    const when = `${new Date(at).toLocaleString()}${resolved ? " · closed" : ""}`;
    return make(
      "li", { class: `annotator-comment${resolved ? " is-closed" : ""}` },
      make("b", { dir: "auto" }, author), make("small", { class: "text-secondary" }, when),
      make("button", { type: "button", class: "btn btn-sm btn-ghost-secondary", onclick: () => close(id, !resolved) }, resolved ? "Open again" : "Resolve"),
      make("p", { dir: "auto" }, body),
    ); // prettier-ignore
  }

  const buildWaiting = ({ body }) => make("li", { class: "annotator-comment is-waiting" }, make("b", {}, "You"), make("small", {}, "waiting to be sent"), make("p", { dir: "auto" }, body));

  async function close(id, isClosed) {
    try {
      await api.resolve(id, isClosed);
      await load();
    } catch (error) {
      said.textContent = `This was not saved: ${error.message}`;
    }
  }

  const findWaiting = async (task) => (await outbox.listWaiting()).filter((one) => one.kind === "comment" && one.task === task.id && !settled.has(one.key));

  async function load({ isNew = false } = {}) {
    const task = current();
    const mine = (loads += 1);
    shown = task?.id ?? null;
    if (isNew) list.replaceChildren();
    about.textContent = task ? nameOf(task) : "";
    if (isNew) said.textContent = task ? "Fetching …" : "";
    if (!task) return;
    let found = [];
    let problem = "";
    try {
      found = await api.comments(task.id);
      task.comments = found.filter((comment) => !comment.resolved_at).length;
    } catch (error) {
      problem = `The comments could not be loaded: ${error.message}`;
    }
    const waiting = await findWaiting(task);
    if (mine !== loads) return; // another item, or a newer state of this one
    if (problem && !isNew) list.querySelectorAll(".is-waiting").forEach((row) => row.remove());
    if (problem && !isNew) list.append(...waiting.map(buildWaiting));
    else paint(found, waiting);
    said.textContent = problem || said.textContent;
    paintBadge();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const task = current();
    const body = form.elements.text.value.trim();
    if (!task || !body) return;
    form.reset();
    try {
      await outbox.add({ kind: "comment", task: task.id, body });
    } catch (error) {
      form.elements.text.value = body;
      said.textContent = `The comment could not be kept: ${error.message}`;
      return;
    }
    if (current() === task) await load();
  });

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation(); // sends the comment, not the answer
    form.requestSubmit();
  });

  async function listNames() {
    const task = current();
    if (!task) return [];
    if (!names.has(task.id)) names.set(task.id, api.mentionable(task.id));
    try {
      return await names.get(task.id);
    } catch (error) {
      names.delete(task.id);
      console.warn("No names are offered:", error); // they may be typed all the same
      return [];
    }
  }

  offerNames(form.elements.text, listNames);

  return {
    get isOpen() {
      return !panel.hidden;
    },
    toggle() {
      panel.hidden = !panel.hidden;
      onToggle(!panel.hidden);
      if (panel.hidden) return;
      void load({ isNew: true });
      form.elements.text.focus();
    },
    /** Another item came to the screen. */
    follow() {
      paintBadge();
      if (!panel.hidden && shown !== (current()?.id ?? null)) void load({ isNew: true });
    },
    /** What the server said of an operation of the outbox. One that it refused comes back to be mended. */
    async hear(operation, { isSaved, message }) {
      if (operation.kind !== "comment") return;
      settled.add(operation.key);
      if (shown !== operation.task || panel.hidden) return;
      await load();
      if (isSaved || shown !== operation.task) return;
      form.elements.text.value ||= operation.body;
      said.textContent = `The comment was not saved: ${message}`;
    },
  };
}
