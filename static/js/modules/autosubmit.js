// A filter form that is sent when a choice changes; its button is for those without scripts.

export function mount(form) {
  const onChange = (event) => {
    if (event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
  };
  form.querySelectorAll("[data-without-script]").forEach((button) => (button.hidden = true));
  form.addEventListener("change", onChange);
  return () => form.removeEventListener("change", onChange);
}
