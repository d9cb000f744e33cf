// The panels of V, M and C: z, h, the contributions to C's actions, and the actions.
import { signed } from "canvas.js";
import { inputNames, inputParts } from "controller.js";

// A bar for each value, up or down from a zero line; wide marks show `others`, if there are any.
export function drawBars(canvas, values, others, limit, colour, theme) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const left = 34;
  const middle = height / 2;
  const room = middle - 8;
  const step = (width - left) / values.length;
  const y = (value) => middle - room * Math.max(-1, Math.min(1, value / limit));
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  [limit, 0, -limit].forEach((value) =>
    context.fillText(value ? signed(value) : "0", left - 5, y(value)));
  context.fillStyle = theme.line;
  context.fillRect(left, middle - 0.5, width - left, 1);
  values.forEach((value, i) => {
    context.fillStyle = colour;
    const [top, bottom] = [Math.min(middle, y(value)), Math.max(middle, y(value))];
    context.fillRect(left + i * step + step * 0.15, top, step * 0.7, Math.max(1, bottom - top));
  });
  if (others) {
    context.fillStyle = theme.dream;
    others.forEach((value, i) => context.fillRect(left + i * step, y(value) - 1.5, step, 3));
  }
}

// A cell for a value in [-1, 1], as in a Hinton diagram: the area of its inner rectangle is the
// absolute value, and the shade is the sign.
function drawCell(context, theme, value, x, y, width, height) {
  context.fillStyle = theme.cell;
  context.fillRect(x, y, width, height);
  const side = 0.88 * Math.sqrt(Math.min(1, Math.abs(value))); // some of the cell stays visible
  context.fillStyle = value < 0 ? theme.less : theme.more;
  context.fillRect(x + width * (1 - side) / 2, y + height * (1 - side) / 2,
    width * side, height * side);
}

const COLUMNS = 32;
const rowsOf = (count) => Math.ceil(count / COLUMNS);

// Draws values in rows of COLUMNS cells; returns the height of all rows.
function drawRows(context, theme, values, limit, x, y, width, rowHeight) {
  const step = width / COLUMNS;
  const gap = Math.min(2, step * 0.15);
  values.forEach((value, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const [left, top] = [x + column * step, y + row * rowHeight];
    drawCell(context, theme, value / limit, left, top, step - gap, rowHeight - gap);
  });
  return rowsOf(values.length) * rowHeight;
}

export function drawCells(canvas, values, theme) {
  const context = canvas.begin();
  const rowHeight = canvas.height / rowsOf(values.length);
  drawRows(context, theme, Array.from(values), 1, 0, 0, canvas.width, rowHeight);
}

const LABEL_WIDTH = 18; // of `z`, `c` and `h` left of their cells, CSS pixels
const TITLE_HEIGHT = 34; // of an action's text above its cells, with the gaps

const rowsOfParts = (parts) => parts.reduce((sum, [, part]) => sum + rowsOf(part.length), 0);

// The heights of the canvases of h and of C's contributions, CSS pixels.
export function panelHeights(zSize, hiddenSize, inputSize) {
  const large = hiddenSize > 2 * COLUMNS;
  const rows = rowsOfParts(inputParts(new Array(inputSize), zSize, hiddenSize));
  return {
    h: rowsOf(hiddenSize) * (large ? 12 : 22),
    contributions: 2 * (rows * (large ? 10 : 18) + TITLE_HEIGHT),
  };
}

// For each action: weight times input, a cell for each of C's inputs, on a scale of its own.
// `split` gives a row's parts, see `inputParts`.
export function drawContributions(canvas, contributions, split, names, limits, theme) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const blockHeight = height / contributions.length;
  const rows = rowsOfParts(split(contributions[0]));
  const rowHeight = (blockHeight - TITLE_HEIGHT) / rows;
  contributions.forEach((row, action) => {
    const top = action * blockHeight;
    const sum = row.reduce((total, value) => total + value, 0);
    context.fillStyle = theme.ink;
    context.textAlign = "left";
    const parts = split(row);
    const inputs = `${inputNames(parts)} ${parts.length > 1 ? "add" : "adds"}`;
    context.fillText(`${names[action]}: ${inputs} ${signed(sum, 2)}`, 0, top + 9);
    let y = top + 20;
    parts.forEach(([name, part]) => {
      const [x, limit] = [LABEL_WIDTH, limits[action]];
      const partHeight = drawRows(context, theme, part, limit, x, y, width - x, rowHeight);
      context.fillStyle = theme.muted;
      context.fillText(name, 0, y + partHeight / 2);
      y += partHeight + 4;
    });
  });
}

// Steering and pedal as bars from the middle of [-1, 1]: C's action, or, with a hollow mark for C's
// own choice, yours. `left` is the sign of steering to the left.
export function drawActions(canvas, action, policyAction, left, theme) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const [from, to] = [54, width - 54];
  const middle = (from + to) / 2;
  const rows = [
    { ends: ["left", "right"], sign: -left },
    { ends: ["brake", "gas"], sign: 1 },
  ];
  rows.forEach(({ ends, sign }, number) => {
    const y = height * (number + 0.5) / rows.length;
    const x = (value) => middle + sign * value * (to - from) / 2;
    context.fillStyle = theme.line;
    context.fillRect(from, y - 7, to - from, 14);
    context.fillStyle = policyAction ? theme.ink : theme.controller;
    const end = x(action[number]);
    context.fillRect(Math.min(middle, end), y - 7, Math.abs(end - middle), 14);
    context.fillStyle = theme.muted;
    context.fillRect(middle - 0.5, y - 10, 1, 20);
    context.fillStyle = theme.ink;
    context.textAlign = "right";
    context.fillText(ends[0], from - 10, y);
    context.textAlign = "left";
    context.fillText(ends[1], to + 10, y);
    if (policyAction) {
      context.strokeStyle = theme.controller;
      context.lineWidth = 2.5;
      context.strokeRect(x(policyAction[number]) - 3, y - 10, 6, 20);
      context.lineWidth = 1;
    }
  });
}
