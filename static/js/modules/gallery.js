// Choosing items: one by one, a range with Shift, all on the page; with a count of what is chosen.

export function mount(form) {
  const boxes = [...form.querySelectorAll("input[name=items]")];
  if (!boxes.length) return () => {};
  const abort = new AbortController();
  const all = form.querySelector("[data-all]");
  const bar = form.querySelector("[data-actions]");
  const count = form.querySelector("[data-count]");
  const clear = form.querySelector("[data-clear]");
  const scope = form.querySelector("[data-scope]"); // "all of the list", also what is on other pages
  let last = null;

  const listen = (element, type, handler) => element?.addEventListener(type, handler, { signal: abort.signal });

  const refresh = () => {
    const chosen = boxes.filter((box) => box.checked);
    for (const box of boxes) box.closest("[data-item]").classList.toggle("is-chosen", box.checked);
    const isAll = Boolean(scope?.checked);
    count.textContent = isAll ? "All of the list" : chosen.length ? `${chosen.length} chosen` : "Choose items to";
    bar.classList.toggle("is-active", isAll || chosen.length > 0);
    clear.hidden = !chosen.length;
    for (const button of bar.querySelectorAll("button[name=action]")) button.disabled = !isAll && !chosen.length;
    if (all) {
      all.checked = chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
  };

  boxes.forEach((box, place) => {
    listen(box, "click", (event) => {
      if (event.shiftKey && last !== null) {
        const [low, high] = place < last ? [place, last] : [last, place];
        for (const other of boxes.slice(low, high + 1)) other.checked = box.checked;
      }
      last = place;
      refresh();
    });
  });
  listen(all, "change", () => { for (const box of boxes) box.checked = all.checked; refresh(); });
  listen(scope, "change", refresh);
  listen(clear, "click", () => { for (const box of boxes) box.checked = false; refresh(); });
  listen(document, "keydown", (event) => {
    if (event.key === "Escape" && !event.target.closest("input[type=search], select, textarea")) clear.click();
  });
  refresh();
  return () => abort.abort();
}
