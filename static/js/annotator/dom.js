// Elements in one line: make("button", {class: "btn", onclick: run}, "Save", icon). Text is always text, never HTML.

export function make(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value == null) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

const NAMESPACE = "http://www.w3.org/2000/svg";

export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The key on a button, out of sight while there is none; key-caps.js paints what it is now. */
export const makeCap = (key = "") => make("kbd", { hidden: !key }, key.toUpperCase());

export const makeCaps = (caps) => make("span", { class: "annotator-caps" }, ...caps.map((cap) => make("kbd", {}, cap)));
