// Forgets the labelling pages that this browser keeps for the time without a network: at once where nobody is logged in,
// with a form when it is sent.

import { forgetShells } from "../annotator/shell.js";

export function mount(element) {
  const forget = () => void forgetShells().catch((error) => console.warn("What was kept for offline could not be forgotten:", error));
  if (element.localName !== "form") {
    forget();
    return () => {};
  }
  element.addEventListener("submit", forget);
  return () => element.removeEventListener("submit", forget);
}
