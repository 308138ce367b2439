// CSRF, a thin progress bar, and a sentence when a request fails.

import { toast } from "./toast.js";

const bar = document.getElementById("page-progress");
let inFlight = 0;

document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) event.detail.ctx.request.headers["X-CSRFToken"] = token;
});

function show(change) {
  inFlight = Math.max(0, inFlight + change);
  bar?.classList.toggle("is-active", inFlight > 0);
}

const isPolling = (event) => event.target.closest?.('[hx-trigger^="every"]');

document.addEventListener("htmx:before:request", (event) => isPolling(event) || show(1));
document.addEventListener("htmx:finally:request", (event) => isPolling(event) || show(-1));

document.addEventListener("htmx:response:error", (event) => {
  if (isPolling(event)) return;
  const status = event.detail.ctx?.response?.status;
  toast(status === 403 ? "You may not do this." : `The server could not do this (${status ?? "no answer"}).`);
});

document.addEventListener("htmx:error", (event) => {
  if (!isPolling(event)) toast("The server does not answer. Check your connection and try again.");
});
