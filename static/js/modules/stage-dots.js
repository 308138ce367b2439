// The dots of the menu: those on the page may be minutes old, so the states of the stages are asked for behind it.

const DELAY_MS = 1_500; // what the page itself asks for comes first

export function mount(element) {
  const stopping = new AbortController();
  const timer = setTimeout(() => {
    refresh(element, stopping.signal).catch((error) => {
      if (error.name !== "AbortError") console.warn("the states of the stages did not come", error);
    });
  }, DELAY_MS);
  return () => {
    clearTimeout(timer);
    stopping.abort();
  };
}

async function refresh(element, signal) {
  const answer = await fetch(element.dataset.statesUrl, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) return; // logged out, or restarting: the old dots stay
  const states = await answer.json();
  for (const dot of element.querySelectorAll("[data-stage]")) {
    const state = states[dot.dataset.stage];
    dot.hidden = !state;
    dot.title = state ?? "";
    dot.className = state ? `stage-dot is-${state}` : "stage-dot";
  }
}
