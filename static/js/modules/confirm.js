// A form that asks data-question before it is sent; the sending button's words stand on the confirming button.

export function mount(form) {
  const dialog = document.getElementById("ask");
  const onSubmit = (event) => {
    if (form.dataset.confirmed === "yes") {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    const sender = event.submitter;
    const yes = dialog.querySelector("#ask-yes");
    dialog.querySelector("#ask-question").textContent = form.dataset.question ?? form.dataset.confirm;
    yes.textContent = sender?.textContent.trim() || "Go on";
    yes.classList.toggle("btn-danger", Boolean(sender?.matches(".btn-danger, .btn-outline-danger, .text-danger")));
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(sender);
    }, { once: true });
    dialog.showModal();
  };
  form.addEventListener("submit", onSubmit);
  return () => form.removeEventListener("submit", onSubmit);
}
