// The review desk: keeps the answer in view, gives the reason field back to the keys, and prepares the next picture.

export function mount(element) {
  element.querySelector(".review-list [aria-current]")?.scrollIntoView({ block: "nearest" });
  const reason = element.querySelector("[data-reason]");
  const onKey = (event) => {
    if (event.key === "Escape") reason.blur();
  };
  reason?.addEventListener("keydown", onKey);
  return () => reason?.removeEventListener("keydown", onKey);
}
