// The colours of the style sheet, in the light or dark theme.

const NAMES = [
  ...["ink", "muted", "line", "card", "grass", "road", "centre"],
  ...["real", "vision", "dream", "controller"],
];

export const theme = {};
const listeners = [];

function read() {
  const style = getComputedStyle(document.documentElement);
  NAMES.forEach((name) => { theme[name] = style.getPropertyValue(`--${name}`).trim(); });
}

// Calls `changed` after the theme has changed.
export function onThemeChange(changed) {
  listeners.push(changed);
}

read();
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  read();
  listeners.forEach((changed) => changed());
});
