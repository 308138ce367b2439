// Single-key shortcuts of a page: every element inside with data-key="n" is clicked (a field: focused) by that key,
// and "?" lists them in a dialog. Keys are left alone while a person types.

function isTyping(target) {
  return target.isContentEditable || target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");
}

function showKeys(elements) {
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  const title = document.createElement("h2");
  title.className = "h3";
  title.textContent = "Keys on this page";
  const list = document.createElement("dl");
  list.className = "key-list";
  for (const element of elements) {
    const key = document.createElement("dt");
    key.append(Object.assign(document.createElement("kbd"), { textContent: element.dataset.key }));
    const words = document.createElement("dd");
    words.textContent = element.dataset.keyTitle || element.getAttribute("aria-label") || element.title || element.textContent.trim();
    list.append(key, words);
  }
  dialog.append(title, list);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

export function mount(element) {
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const all = [...element.querySelectorAll("[data-key]")];
    if (event.key === "?") {
      event.preventDefault();
      showKeys(all);
      return;
    }
    const wanted = all.find((one) => one.dataset.key === event.key);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("input, textarea, select")) wanted.focus();
    else wanted.click();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
