// Line charts over the steps of an episode.
import { signed } from "canvas.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [40, 80, 8, 22]; // margins, CSS pixels

// Lines are {label, values, colour, dashed}; a label stands at the height of its line's end. The
// y-axis reaches `minHigh` at least.
export function drawChart(canvas, lines, steps, unit, theme, minHigh = 0) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const values = lines.flatMap((line) => line.values);
  const low = Math.min(0, ...values);
  const high = Math.max(minHigh, ...values);
  const range = high - low || 1;
  const x = (step) => LEFT + (width - LEFT - RIGHT) * step / steps;
  const y = (value) => TOP + (height - TOP - BOTTOM) * (high - value) / range;
  context.fillStyle = theme.line;
  context.fillRect(LEFT, y(0), width - LEFT - RIGHT, 1);
  context.fillRect(LEFT, TOP, 1, height - TOP - BOTTOM);
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  context.fillText(`${Math.round(high)}${unit}`, LEFT - 5, y(high) + 4);
  if (y(0) - y(high) > 16) context.fillText("0", LEFT - 5, y(0));
  if (y(low) - y(0) > 14) context.fillText(`\u2212${Math.round(-low)}`, LEFT - 5, y(low));
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

// Where the labels of lines with these ends are written: two that would overlap are moved apart.
function labelHeights(ends, height) {
  const heights = [...ends];
  if (ends.length === 2 && Math.abs(ends[0] - ends[1]) < 28) {
    const [upper, lower] = ends[0] <= ends[1] ? [0, 1] : [1, 0];
    const centre = Math.min(Math.max((ends[0] + ends[1]) / 2, TOP + 24), height - BOTTOM - 20);
    heights[upper] = centre - 15;
    heights[lower] = centre + 15;
  }
  return heights.map((end) => Math.min(Math.max(end, TOP + 6), height - BOTTOM - 6));
}
