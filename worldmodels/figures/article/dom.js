// Short ways to the elements of the page.

export const byId = (id) => document.getElementById(id);

// A new element with properties and children.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
