// The guide beside the items: shown or hidden, as it was left in this browser.

const KEPT = "gristmill.annotator.guide";

/** `opensFrom` is the width in pixels from which it is shown to who never chose; Infinity to wait until asked. */
export function createGuide(root, { opensFrom }) {
  const button = root.querySelector("[data-action=guide][aria-expanded]");

  function show(isOpen) {
    root.classList.toggle("has-guide", isOpen);
    button?.setAttribute("aria-expanded", String(isOpen));
  }

  show(localStorage.getItem(KEPT) !== "closed" && window.innerWidth >= opensFrom);

  return {
    /** `comments` stand where the guide does, and make way for it. */
    toggle(comments) {
      const isOpen = comments.isOpen || !root.classList.contains("has-guide");
      if (comments.isOpen) comments.toggle();
      show(isOpen);
      localStorage.setItem(KEPT, isOpen ? "open" : "closed");
    },
  };
}
