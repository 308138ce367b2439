// The thread of comments on the item, beside it.

import { make } from "./dom.js";

/**
 * `api` has comments(task) and comment(task, text); `current()` is the task on screen, null while there is none;
 * `nameOf(task)` says which it is, where several are on screen.
 */
export function createComments({ panel, api, current, onToggle, nameOf = () => "" }) {
  const list = panel.querySelector("[data-part=commentList]");
  const form = panel.querySelector("[data-part=commentForm]");
  const about = panel.querySelector("[data-part=commentAbout]");
  const said = panel.querySelector("[data-part=commentSaid]");
  let shown = null; // id of the task whose thread is on screen

  function paint(comments) {
    list.replaceChildren(...comments.map(buildComment));
    said.textContent = comments.length ? "" : "Nobody said anything about this item yet. Mention people with @name.";
  }

  function buildComment({ author, body, created_at: at, resolved_at: resolved }) {
    const when = `${new Date(at).toLocaleString()}${resolved ? " · closed" : ""}`;
    return make("li", { class: "annotator-comment" }, make("b", { dir: "auto" }, author), make("small", { class: "text-secondary" }, when), make("p", { dir: "auto" }, body));
  }

  async function load() {
    const task = current();
    shown = task?.id ?? null;
    list.replaceChildren();
    about.textContent = task ? nameOf(task) : "";
    said.textContent = task ? "Fetching …" : "";
    if (!task) return;
    try {
      const comments = await api.comments(task.id);
      if (shown === task.id) paint(comments);
    } catch (error) {
      if (shown === task.id) said.textContent = `The comments could not be loaded: ${error.message}`;
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const task = current();
    const text = form.elements.text.value.trim();
    if (!task || !text) return;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await api.comment(task.id, text);
      form.reset();
      if (current()?.id === task.id) await load();
    } catch (error) {
      said.textContent = `The comment was not saved: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation(); // sends the comment, not the answer
    form.requestSubmit();
  });

  return {
    get isOpen() {
      return !panel.hidden;
    },
    toggle() {
      panel.hidden = !panel.hidden;
      onToggle(!panel.hidden);
      if (panel.hidden) return;
      void load();
      form.elements.text.focus();
    },
    /** Another item came to the screen. */
    follow() {
      if (!panel.hidden && shown !== (current()?.id ?? null)) void load();
    },
  };
}
