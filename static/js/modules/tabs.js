// A row of tabs that is wider than the window: the page's own tab is scrolled into sight.

export function mount(row) {
  const current = row.querySelector(".active");
  if (!current) return;
  const left = current.getBoundingClientRect().left - row.getBoundingClientRect().left + row.scrollLeft;
  row.scrollLeft = left - (row.clientWidth - current.offsetWidth) / 2;
}
