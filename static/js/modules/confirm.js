// A form that asks data-question before it is sent.

export function mount(form) {
  const onSubmit = (event) => {
    if (!window.confirm(form.dataset.question)) event.preventDefault();
  };
  form.addEventListener("submit", onSubmit);
  return () => form.removeEventListener("submit", onSubmit);
}
