// A chart of lines with fixed axes and labels at the lines' ends.
import { theme } from "article/theme.js";

const [LEFT, TOP, BOTTOM] = [38, 10, 20]; // margins, CSS pixels
const LABEL_HEIGHT = 15;

// `lines` are {label, points: [[x, y], …], colour, dashed}, `bands` {low, high, colour} with points
// each; `x` and `y` are the ends of the axes; ticks are [value, text]. `right` is the margin for
// the labels and for the x-axis's title.
export function drawLines(canvas, { lines, bands = [], x: xEnds, y: yEnds, right = 84, ...ticks }) {
  const [[x0, x1], [y0, y1]] = [xEnds, yEnds];
  const { xTicks, yTicks, xTitle = "" } = ticks;
  const context = canvas.begin();
  const { width, height } = canvas;
  const x = (value) => LEFT + (width - LEFT - right) * (value - x0) / (x1 - x0);
  const clipped = (value) => Math.min(Math.max(value, y0), y1);
  const y = (value) => TOP + (height - TOP - BOTTOM) * (y1 - clipped(value)) / (y1 - y0);
  yTicks.forEach(([value, text]) => {
    context.fillStyle = theme.line;
    context.fillRect(LEFT, Math.round(y(value)), width - LEFT - right, 1);
    context.fillStyle = theme.muted;
    context.textAlign = "right";
    context.fillText(text, LEFT - 6, y(value));
  });
  context.fillStyle = theme.muted;
  context.textAlign = "center";
  xTicks.forEach(([value, text]) => context.fillText(text, x(value), height - 7));
  context.textAlign = "left";
  const titleX = Math.min(width - right + 16, width - context.measureText(xTitle).width);
  context.fillText(xTitle, titleX, height - 7);
  bands.forEach(({ low, high, colour }) => {
    context.beginPath();
    high.forEach(([at, value]) => context.lineTo(x(at), y(value)));
    [...low].reverse().forEach(([at, value]) => context.lineTo(x(at), y(value)));
    context.globalAlpha = 0.22;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  });
  const shown = lines.filter(({ points }) => points.length);
  shown.forEach(({ points, colour, dashed }) => {
    context.beginPath();
    points.forEach(([at, value]) => context.lineTo(x(at), y(value)));
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(dashed ? [5, 3] : []);
    context.stroke();
    context.setLineDash([]);
    const [at, value] = points.at(-1);
    context.beginPath();
    context.arc(x(at), y(value), 3, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
  });
  const ends = shown.map(({ points }) => points.at(-1));
  const heights = apart(ends.map(([, value]) => y(value)), height);
  shown.forEach(({ label, colour }, number) => {
    context.textAlign = "left";
    context.fillStyle = colour;
    context.fillText(label, Math.min(x(ends[number][0]) + 8, width - right + 8), heights[number]);
  });
}

// Heights of labels that do not overlap, near those that are wanted.
function apart(wanted, height) {
  const order = wanted.map((_, number) => number).sort((a, b) => wanted[a] - wanted[b]);
  const heights = [...wanted];
  let least = TOP + 2;
  order.forEach((number) => {
    heights[number] = Math.max(heights[number], least);
    least = heights[number] + LABEL_HEIGHT;
  });
  let most = height - BOTTOM;
  [...order].reverse().forEach((number) => {
    heights[number] = Math.min(heights[number], most);
    most = heights[number] - LABEL_HEIGHT;
  });
  return heights;
}

// Points of the sums of rewards, by step.
export const byStep = (values) => values.map((value, step) => [step, value]);

