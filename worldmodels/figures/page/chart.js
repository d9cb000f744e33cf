// Line charts over the steps of an episode.
import { signed } from "canvas.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [40, 80, 8, 22]; // margins, CSS pixels

// Lines are {label, values, colour, dashed}; a label stands at the height of its line's end. The
// axes are {low, high, steps, unit, mark}; a mark is a {value, label}, or null.
export function drawChart(canvas, lines, { low, high, steps, unit, mark }, theme) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const x = (step) => LEFT + (width - LEFT - RIGHT) * step / steps;
  const y = (value) => TOP + (height - TOP - BOTTOM)
    * (high - Math.max(low, Math.min(high, value))) / (high - low);
  context.fillStyle = theme.line;
  context.fillRect(LEFT, y(0), width - LEFT - RIGHT, 1);
  context.fillRect(LEFT, TOP, 1, height - TOP - BOTTOM);
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  context.fillText(`${high.toLocaleString("en")}${unit}`, LEFT - 5, y(high) + 4);
  if (y(0) - y(high) > 16) context.fillText("0", LEFT - 5, y(0));
  if (y(low) - y(0) > 14) context.fillText(`\u2212${Math.round(-low)}`, LEFT - 5, y(low));
  if (mark) drawMark(context, mark, y(mark.value), width, theme);
  context.fillText(`step ${steps}`, width - RIGHT, height - 8);
  context.textAlign = "left";
  context.fillText("0", LEFT, height - 8);
  const labels = labelHeights(lines.map((line) => y(line.values.at(-1) ?? 0)), height);
  lines.forEach(({ label, values: own, colour, dashed }, number) => {
    context.beginPath();
    own.forEach((value, step) => context.lineTo(x(step), y(value)));
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(dashed ? [5, 3] : []);
    context.stroke();
    const at = labels[number];
    context.beginPath();
    context.moveTo(width - RIGHT + 6, at - 6);
    context.lineTo(width - RIGHT + 24, at - 6);
    context.stroke();
    context.setLineDash([]);
    const last = own.at(-1) ?? 0;
    context.fillStyle = theme.ink;
    context.fillText(label, width - RIGHT + 29, at - 6);
    const value = unit ? `${last.toFixed(0)}${unit}` : signed(last);
    context.fillText(value, width - RIGHT + 29, at + 8);
  });
}

function drawMark(context, { label }, at, width, theme) {
  context.textAlign = "left";
  context.fillText(label, LEFT + 6, at + 9);
  context.strokeStyle = theme.muted;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(LEFT, at);
  context.lineTo(width - RIGHT, at);
  context.stroke();
  context.setLineDash([]);
  context.textAlign = "right";
}

const LABEL_HEIGHT = 29; // of a line's name and value

// Where the labels of lines with these ends are written: those that would overlap are moved apart.
function labelHeights(ends, height) {
  const [top, bottom] = [TOP + 6, height - 16];
  const order = ends.map((_, i) => i).sort((a, b) => ends[a] - ends[b]);
  const heights = [...ends];
  let least = top;
  order.forEach((i) => {
    heights[i] = Math.max(heights[i], least);
    least = heights[i] + LABEL_HEIGHT;
  });
  let most = bottom;
  order.reverse().forEach((i) => {
    heights[i] = Math.min(heights[i], most);
    most = heights[i] - LABEL_HEIGHT;
  });
  return heights;
}
