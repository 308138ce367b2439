// Fills a column's rule with what the last run saw in it, and adds rows for columns that are not there yet.

export function mount(card) {
  const abort = new AbortController();
  const field = (name, row) => card.querySelector(`[name="${name}_${row}"]`);
  for (const button of card.querySelectorAll("[data-use]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const { row, minimum, maximum } = button.dataset;
      const values = [...card.querySelectorAll(`[data-value-of="${row}"]`)].map((value) => value.textContent);
      field("minimum", row).value = minimum;
      field("maximum", row).value = maximum;
      field("allowed", row).value = values.join("\n");
    }, { signal: abort.signal });
  }
  const isEmpty = (row) => !row.querySelector("input:not([type=hidden])").value;
  const blank = [...card.querySelectorAll("[data-new-column]")].find(isEmpty)?.cloneNode(true);
  const add = card.querySelector("[data-add-column]");
  if (add && blank) {
    add.hidden = false;
    add.addEventListener("click", () => addRow(card, blank), { signal: abort.signal });
  }
  return () => abort.abort();
}

/** `blank` is a row as the page had it, its fields numbered as name_7; `columns` counts the rows. */
function addRow(card, blank) {
  const count = card.querySelector("[name=columns]");
  const row = blank.cloneNode(true);
  for (const input of row.querySelectorAll("[name]")) input.name = input.name.replace(/\d+$/, count.value);
  count.value = Number(count.value) + 1;
  card.querySelector("tbody").append(row);
  row.querySelector("input:not([type=hidden])").focus();
}
