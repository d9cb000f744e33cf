// What is drawn on: canvases, in the colours of the page's style.

const COLOURS = [
  ...["ink", "muted", "line", "card", "grass", "road", "centre"],
  ...["real", "dream", "mind", "less", "more"],
];
const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';

// The colours as style sheet and theme have them now.
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// A canvas whose size on the page is watched, so that drawing asks the layout nothing.
export class Sheet {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    new ResizeObserver(() => {
      this.fit();
      changed();
    }).observe(canvas);
    this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height, this.ratio] = [clientWidth, clientHeight, ratio];
    this.canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * ratio));
  }

  // A clean sheet whose unit is a pixel of the page.
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

// A number with its sign.
export const signed = (value, digits = 1) =>
  `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`;
