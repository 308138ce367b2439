// Names offered while one types @ into a text: a list under it, after the ARIA combobox pattern.

const MOST = 8;
const MENTION = /(^|[^\w.@+-])@([\w.+-]*)$/; // as the server reads names

let made = 0;

/** {from, typed}: where the name begins that is typed just before `caret`, and what there is of it; null for none. */
export function findTyped(text, caret) {
  const found = text.slice(0, caret).match(MENTION);
  return found ? { from: caret - found[2].length, typed: found[2] } : null;
}

/** Names that begin with what was typed, then those that have it elsewhere. */
export function matchNames(names, typed) {
  const wanted = typed.toLowerCase();
  const placeOf = (name) => name.toLowerCase().indexOf(wanted);
  const found = names.filter((name) => placeOf(name) >= 0);
  return found.toSorted((a, b) => Math.sign(placeOf(a)) - Math.sign(placeOf(b))).slice(0, MOST);
}

/** Offer names in `textarea`; `listNames()` resolves to them. Returns what ends it. */
export function offerNames(textarea, listNames) {
  const abort = new AbortController();
  const { signal } = abort;
  const list = Object.assign(document.createElement("ul"), { className: "combobox-list mention-list", id: `mentions-${(made += 1)}`, hidden: true });
  const holder = Object.assign(document.createElement("div"), { className: "combobox" });
  let [shown, active, asked] = [[], 0, 0];
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "People");
  textarea.before(holder);
  holder.append(textarea, list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) textarea.setAttribute(name, value);

  function close() {
    asked += 1;
    list.hidden = true;
    textarea.setAttribute("aria-expanded", "false");
    textarea.removeAttribute("aria-activedescendant");
  }

  function highlight(place) {
    active = (place + shown.length) % shown.length;
    [...list.children].forEach((option, at) => {
      option.classList.toggle("is-active", at === active);
      option.setAttribute("aria-selected", String(at === active));
    });
    textarea.setAttribute("aria-activedescendant", list.children[active].id);
  }

  function open(names) {
    shown = names;
    list.replaceChildren(
      ...names.map((name, at) => {
        const option = Object.assign(document.createElement("li"), { className: "combobox-option", id: `${list.id}-${at}`, dir: "auto", textContent: name });
        option.setAttribute("role", "option");
        option.addEventListener("pointerdown", (event) => (event.preventDefault(), take(name)));
        return option;
      }),
    );
    list.hidden = false;
    textarea.setAttribute("aria-expanded", "true");
    highlight(0);
  }

  function take(name) {
    const found = findTyped(textarea.value, textarea.selectionStart);
    if (found) textarea.setRangeText(`${name} `, found.from, textarea.selectionStart, "end");
    close();
    textarea.focus();
  }

  async function look() {
    const found = findTyped(textarea.value, textarea.selectionStart);
    close();
    if (!found) return;
    const mine = asked;
    const names = matchNames(await listNames(), found.typed);
    const isWhole = names.length === 1 && names[0] === found.typed;
    if (mine === asked && names.length && !isWhole && !signal.aborted) open(names);
  }

  function onKey(event) {
    if (list.hidden || event.altKey) return;
    if (event.ctrlKey || event.metaKey) return close();
    const run = {
      ArrowDown: () => highlight(active + 1), ArrowUp: () => highlight(active - 1),
      Enter: () => take(shown[active]), Tab: () => take(shown[active]), Escape: close,
    }[event.key]; // prettier-ignore
    if (!run) return;
    event.preventDefault();
    event.stopPropagation(); // Escape closes the list, and leaves the text to be written
    run();
  }

  textarea.addEventListener("input", () => void look(), { signal });
  textarea.addEventListener("keydown", onKey, { signal });
  textarea.addEventListener("blur", close, { signal });
  return () => {
    abort.abort();
    close();
  };
}
