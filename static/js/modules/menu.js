// A <details class="menu">: opens within the window, closes on Escape, on a click elsewhere and after a choice; arrow
// keys walk its items.

const EDGE_PX = 8;

/** Moves what opened back into the window, where its button stands too far to a side. */
function bringInside(panel) {
  panel.style.translate = "";
  const { left, right } = panel.getBoundingClientRect();
  const over = Math.max(EDGE_PX - left, 0) || Math.min(document.documentElement.clientWidth - EDGE_PX - right, 0);
  if (over) panel.style.translate = `${over}px 0`;
}

export function mount(menu) {
  const summary = menu.querySelector("summary");
  const items = () => [...menu.querySelectorAll(".menu-panel a, .menu-panel button")];
  const panel = menu.querySelector(".menu-panel");
  const onToggle = () => {
    if (menu.open && panel) bringInside(panel);
  };
  const onOutside = (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  };
  const onKey = (event) => {
    if (!menu.open) return;
    if (event.key === "Escape") {
      menu.open = false;
      summary.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = items();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = all.indexOf(document.activeElement) + step;
      all[(next + all.length) % all.length]?.focus();
    }
  };
  const onFocusOut = (event) => {
    if (menu.open && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  };
  document.addEventListener("click", onOutside);
  menu.addEventListener("toggle", onToggle);
  menu.addEventListener("keydown", onKey);
  menu.addEventListener("focusout", onFocusOut);
  return () => {
    document.removeEventListener("click", onOutside);
    menu.removeEventListener("toggle", onToggle);
    menu.removeEventListener("keydown", onKey);
    menu.removeEventListener("focusout", onFocusOut);
  };
}
