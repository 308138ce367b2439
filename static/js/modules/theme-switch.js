// Changes the theme at once; the form underneath stores the choice.

export function mount(form) {
  const onSubmit = (event) => {
    const choice = event.submitter?.value;
    if (!choice) return;
    event.preventDefault();
    const data = new FormData(form);
    data.set("theme", choice);
    fetch(form.action, { method: "POST", body: data, redirect: "manual" });
    document.dispatchEvent(new CustomEvent("gristmill:theme-choice", { detail: choice }));
    form.querySelectorAll("button").forEach((button) => button.classList.toggle("active", button === event.submitter));
  };
  form.addEventListener("submit", onSubmit);
  return () => form.removeEventListener("submit", onSubmit);
}
