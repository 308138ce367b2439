// What every htmx request shares: CSRF, a progress line for slow ones, no polling of hidden tabs, a sentence for
// failures, and the way back to the login page when the session has ended. Answers 4xx and 5xx are not swapped in.

import { toast } from "./toast.js";

const SLOW_MS = 250;
const bar = document.getElementById("page-progress");
const loginPath = document.querySelector('meta[name="login-url"]')?.content;
const running = new Set();
let timer = null;

const isPoll = (ctx) => ctx?.sourceEvent?.type === "every";

function showBar() {
  clearTimeout(timer);
  if (running.size) timer = setTimeout(() => bar?.classList.add("is-active"), SLOW_MS);
  else bar?.classList.remove("is-active");
}

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx) && document.hidden) {
    event.preventDefault();
    return;
  }
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token && !/^(GET|HEAD)$/i.test(ctx.request.method)) ctx.request.headers["X-CSRFToken"] = token;
});

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx)) return;
  running.add(ctx);
  showBar();
});

document.addEventListener("htmx:finally:request", (event) => {
  if (running.delete(event.detail.ctx)) showBar();
});

document.addEventListener("htmx:before:response", (event) => {
  const { raw } = event.detail.ctx.response;
  if (!raw.redirected || !loginPath || new URL(raw.url).pathname !== loginPath) return;
  event.preventDefault();
  const next = encodeURIComponent(window.location.pathname + window.location.search);
  window.location.assign(`${loginPath}?next=${next}`);
});

document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx)) return;
  const sentences = { 403: "You may not do this.", 404: "This is not there any more: reload the page.", 429: "Too many requests: wait a moment and try again." };
  toast(sentences[ctx.response.status] ?? `The server could not do this (${ctx.response.status}). Try again.`);
});

document.addEventListener("htmx:error", (event) => {
  if (event.detail.error) console.warn(event.detail.error);
  if (event.detail.ctx && !isPoll(event.detail.ctx)) toast("The server does not answer. Check your connection and try again.");
});

// A view may answer with HX-Trigger: {"toast": {"text": "Saved", "level": "success"}}
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level ?? "info"));
