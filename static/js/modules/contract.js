// Fills a column's rule with what the last run saw in it.

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
  return () => abort.abort();
}
