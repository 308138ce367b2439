// A button that copies the text of the element named by data-target, or its own data-text, and says so.

import { toast } from "../toast.js";

const SHOWN_MS = 1500;

export function mount(button) {
  let timer = null;
  const onClick = async () => {
    const source = button.dataset.target ? document.querySelector(button.dataset.target) : null;
    const text = source ? (source.value ?? source.textContent) : button.dataset.text;
    try {
      await navigator.clipboard.writeText(text.trim());
    } catch {
      toast("The browser does not allow copying here: select the text and copy it.", "warning");
      if (source) window.getSelection().selectAllChildren(source);
      return;
    }
    clearTimeout(timer);
    button.classList.add("is-copied");
    button.setAttribute("aria-label", "Copied");
    timer = setTimeout(() => {
      button.classList.remove("is-copied");
      button.removeAttribute("aria-label");
    }, SHOWN_MS);
  };
  button.addEventListener("click", onClick);
  return () => {
    clearTimeout(timer);
    button.removeEventListener("click", onClick);
  };
}
