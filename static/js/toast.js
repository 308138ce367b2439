// A short message in the corner. Errors stay until closed, the rest leaves by itself, not while it is pointed at.

const SHOWN_MS = 6000;
const MOST = 4;

export function toast(text, level = "error") {
  const stack = document.getElementById("toasts");
  if ([...stack.children].some((one) => one.dataset.text === text)) return;
  const box = document.createElement("div");
  box.className = `toast-note is-${level}`;
  box.dataset.text = text;
  box.setAttribute("role", level === "error" ? "alert" : "status");
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  stack.append(box);
  while (stack.children.length > MOST) stack.firstElementChild.remove();
  if (level !== "error") leaveLater(box);
  return box;
}

function leaveLater(box) {
  let timer = setTimeout(() => box.remove(), SHOWN_MS);
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", () => (timer = setTimeout(() => box.remove(), SHOWN_MS / 2)));
}
