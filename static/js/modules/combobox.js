// A <select> that is searched by typing: an input with a list under it, after the ARIA combobox pattern. The select stays
// and holds the value, so that forms and other modules see the change they know.

let made = 0;

/** Choices whose title or group has every word that was typed; those that begin with it come first. */
export function filterChoices(choices, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = choices.filter(({ title, group }) => words.every((word) => `${title} ${group}`.toLowerCase().includes(word)));
  const starts = ({ title }) => (words.length > 0 && title.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return words.length ? found.toSorted((a, b) => starts(a) - starts(b)) : found;
}

export function mount(select) {
  const abort = new AbortController();
  const { signal } = abort;
  const id = `combobox-${(made += 1)}`;
  const choices = [...select.options].map((option, index) => ({ index, value: option.value, title: option.text, group: option.closest("optgroup")?.label ?? "" }));
  const box = Object.assign(document.createElement("div"), { className: "combobox" });
  const input = Object.assign(document.createElement("input"), { type: "text", className: "form-select", autocomplete: "off", spellcheck: false });
  const list = Object.assign(document.createElement("ul"), { className: "combobox-list", id, hidden: true });
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, "aria-label": select.getAttribute("aria-label") ?? "" };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", attributes["aria-label"]);
  let shown = [];
  let active = -1;

  const current = () => choices[select.selectedIndex];
  const showValue = () => { input.value = current()?.title ?? ""; };

  function highlight(place) {
    list.children.length && list.querySelectorAll("[role=option]").forEach((element, at) => element.classList.toggle("is-active", at === place));
    active = place;
    const element = list.querySelectorAll("[role=option]")[place];
    if (element) { input.setAttribute("aria-activedescendant", element.id); element.scrollIntoView({ block: "nearest" }); }
    else input.removeAttribute("aria-activedescendant");
  }

  function open(typed = "") {
    shown = filterChoices(choices, typed);
    let group = "";
    const parts = [];
    for (const [at, choice] of shown.entries()) {
      if (!typed && choice.group !== group) {
        group = choice.group;
        parts.push(Object.assign(document.createElement("li"), { className: "combobox-group", role: "presentation", textContent: group }));
      }
      const option = Object.assign(document.createElement("li"), { className: "combobox-option", id: `${id}-${at}`, role: "option", textContent: choice.title });
      option.setAttribute("aria-selected", String(choice.index === select.selectedIndex));
      option.dataset.at = at;
      parts.push(option);
    }
    if (!shown.length) parts.push(Object.assign(document.createElement("li"), { className: "combobox-group", role: "presentation", textContent: "Nothing has this name" }));
    list.replaceChildren(...parts);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    highlight(typed ? (shown.length ? 0 : -1) : shown.findIndex((choice) => choice.index === select.selectedIndex));
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    showValue();
  }

  function pick(choice) {
    const isNew = choice && choice.index !== select.selectedIndex;
    if (choice) select.selectedIndex = choice.index;
    close();
    if (isNew) select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const step = (by) => {
    if (list.hidden) { open(); return; }
    if (shown.length) highlight((active + by + shown.length) % shown.length);
  };
  const keys = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => (list.hidden ? open() : pick(shown[active])), Escape: close };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && list.hidden) return;
    if (!keys[event.key] || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }, { signal });
  input.addEventListener("input", () => open(input.value.trim()), { signal });
  input.addEventListener("click", () => { if (list.hidden) { open(); input.select(); } }, { signal });
  input.addEventListener("blur", close, { signal });
  list.addEventListener("pointerdown", (event) => event.preventDefault(), { signal }); // the input keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) pick(shown[Number(option.dataset.at)]);
  }, { signal });
  select.addEventListener("change", showValue, { signal });

  select.hidden = true;
  select.after(box);
  box.append(input, list);
  showValue();
  return () => { abort.abort(); box.remove(); select.hidden = false; };
}
