// A short message in the corner that leaves by itself.

const SHOWN_MS = 6000;

export function toast(text, level = "error") {
  const box = document.createElement("div");
  box.className = `toast-note is-${level}`;
  box.setAttribute("role", level === "error" ? "alert" : "status");
  box.textContent = text;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), SHOWN_MS);
}
