// The column mapping: one column per part, and the table below shows which part each column plays.

const SINGLE = ["text", "label", "group", "split", "time"];

export function mount(form) {
  const selects = [...form.querySelectorAll("select[data-role]")];
  const abort = new AbortController();

  const paint = () => {
    for (const select of selects) {
      const place = select.closest("th").cellIndex;
      for (const row of form.querySelectorAll(".mapping-table tr")) {
        const cell = row.cells[place];
        if (cell) cell.dataset.part = select.value;
      }
    }
  };

  for (const select of selects) {
    select.addEventListener("change", () => {
      if (SINGLE.includes(select.value)) {
        for (const other of selects) {
          if (other !== select && other.value === select.value) other.value = fallback(other);
        }
      }
      paint();
    }, { signal: abort.signal });
  }
  paint();
  return () => abort.abort();
}

function fallback(select) {
  return [...select.options].some((option) => option.value === "feature") ? "feature" : "ignore";
}
