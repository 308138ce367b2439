// Messages at the top of a page: can be closed, and the good ones fade out by themselves.

const SHOWN_MS = 8000;

export function mount(element) {
  const timers = [];
  for (const notice of element.querySelectorAll(".notice")) {
    const close = notice.querySelector("[data-close]");
    close.hidden = false;
    close.addEventListener("click", () => notice.remove());
    if (notice.matches(".is-success, .is-info")) timers.push(setTimeout(() => notice.remove(), SHOWN_MS));
  }
  return () => timers.forEach(clearTimeout);
}
