// Repeated rows of a form: the button adds an empty row without asking the server.

export function mount(element) {
  const list = element.querySelector(".rows");
  const button = element.querySelector("button[name='more']");
  const onClick = (event) => {
    event.preventDefault();
    const row = list.lastElementChild.cloneNode(true);
    row.querySelectorAll("input").forEach((input) => {
      input.value = "";
    });
    list.append(row);
    row.querySelector("input").focus();
  };
  button.addEventListener("click", onClick);
  return () => button.removeEventListener("click", onClick);
}
