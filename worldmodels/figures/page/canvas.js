// Canvases that follow their size on the page, and the colours of the style sheet.

const COLOURS = [
  ...["ink", "muted", "line", "card", "grass", "road", "centre"],
  ...["real", "dream", "vision", "controller", "less", "more", "cell"],
];
const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';

// The colours that the style sheet and the light or dark theme give now.
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// A canvas element with its size in `width` and `height`, which are observed, so that drawing never
// forces a layout. `changed` is called after its size has changed.
export class Canvas {
  constructor(element, changed) {
    this.element = element;
    this.context = element.getContext("2d");
    new ResizeObserver(() => {
      this.fit();
      changed();
    }).observe(element);
    this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.element;
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height, this.ratio] = [clientWidth, clientHeight, ratio];
    this.element.width = Math.max(1, Math.round(clientWidth * ratio));
    this.element.height = Math.max(1, Math.round(clientHeight * ratio));
  }

  // Clear it; the unit of its context is then a CSS pixel.
  begin() {
    const { context, ratio, width, height } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.lineWidth = 1;
    return context;
  }
}

// A number as text, with its sign.
export const signed = (value, digits = 1) =>
  `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`;
