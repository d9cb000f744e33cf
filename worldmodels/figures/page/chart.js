// Lines over the steps of a drive.
import { signed } from "./sheet.js";

// Each is {label, values, colour, dashed}; labels stand at their ends.
export function drawChart(sheet, lines, steps, unit, theme, least = 0) {
  const context = sheet.begin();
  const { width, height } = sheet;
  const [left, right, top, bottom] = [40, 80, 8, 22];
  const values = lines.flatMap((line) => line.values);
  const low = Math.min(0, ...values);
  const high = Math.max(least, ...values);
  const span = high - low || 1;
  const x = (step) => left + (width - left - right) * step / steps;
  const y = (value) => top + (height - top - bottom) * (high - value) / span;
  context.fillStyle = theme.line;
  context.fillRect(left, y(0), width - left - right, 1);
  context.fillRect(left, top, 1, height - top - bottom);
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  context.fillText(`${Math.round(high)}${unit}`, left - 5, y(high) + 4);
  if (y(0) - y(high) > 16) context.fillText("0", left - 5, y(0));
  if (y(low) - y(0) > 14) context.fillText(`\u2212${Math.round(-low)}`, left - 5, y(low));
  context.fillText(`step ${steps}`, width - right, height - 8);
  context.textAlign = "left";
  context.fillText("0", left, height - 8);
  const ends = lines.map(({ values: own }) => y(own[own.length - 1] ?? 0));
  if (ends.length === 2 && Math.abs(ends[0] - ends[1]) < 28) {
    const [upper, lower] = ends[0] <= ends[1] ? [0, 1] : [1, 0];
    const centre = Math.min(Math.max((ends[0] + ends[1]) / 2, top + 24), height - bottom - 20);
    ends[upper] = centre - 15;
    ends[lower] = centre + 15;
  }
  lines.forEach(({ label, values: own, colour, dashed }, number) => {
    context.beginPath();
    own.forEach((value, step) => context.lineTo(x(step), y(value)));
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(dashed ? [5, 3] : []);
    context.stroke();
    const end = Math.min(Math.max(ends[number], top + 6), height - bottom - 6);
    context.beginPath();
    context.moveTo(width - right + 6, end - 6);
    context.lineTo(width - right + 24, end - 6);
    context.stroke();
    context.setLineDash([]);
    const last = own[own.length - 1] ?? 0;
    context.fillStyle = theme.ink;
    context.fillText(label, width - right + 29, end - 6);
    const value = unit ? `${last.toFixed(0)}${unit}` : signed(last);
    context.fillText(value, width - right + 29, end + 8);
  });
}
