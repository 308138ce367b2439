// Feedback buttons of one prediction: sent in place, and replaced by what was kept.
// Without this file they are ordinary forms that lead back to the page.

export function mount(element) {
  async function send(event) {
    event.preventDefault();
    const form = event.target;
    const buttons = element.querySelectorAll("button");
    buttons.forEach((button) => (button.disabled = true));
    const note = document.createElement("span");
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      const kept = await answer.json();
      if (!answer.ok) throw new Error(kept.title ?? "It could not be kept.");
      note.textContent = `✓ kept: ${kept.truth ?? kept.value}`;
      note.className = "text-green";
      element.replaceChildren(note);
    } catch (error) {
      note.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
      note.className = "text-red";
      element.querySelector("[data-problem]")?.remove();
      note.dataset.problem = "";
      element.append(note);
      buttons.forEach((button) => (button.disabled = false));
    }
  }

  element.addEventListener("submit", send);
  return () => element.removeEventListener("submit", send);
}
