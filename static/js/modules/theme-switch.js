// Changes the theme at once; the form underneath stores the choice with the person.

import { toast } from "../toast.js";

export function mount(form) {
  const onSubmit = async (event) => {
    const choice = event.submitter?.value;
    if (!choice) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("gristmill:theme-choice", { detail: choice }));
    for (const button of form.querySelectorAll("button")) {
      button.classList.toggle("active", button === event.submitter);
      button.setAttribute("aria-pressed", button === event.submitter);
    }
    const body = new FormData(form, event.submitter);
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
    if (!response?.ok) toast("The theme changed here, but could not be stored.", "warning");
  };
  form.addEventListener("submit", onSubmit);
  return () => form.removeEventListener("submit", onSubmit);
}
