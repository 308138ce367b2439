// A button that copies the text of the element named by data-target, or its own data-text.

export function mount(button) {
  const onClick = async () => {
    const source = button.dataset.target ? document.querySelector(button.dataset.target) : null;
    await navigator.clipboard.writeText(source ? (source.value ?? source.textContent) : button.dataset.text);
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 1500);
  };
  button.addEventListener("click", onClick);
  return () => button.removeEventListener("click", onClick);
}
