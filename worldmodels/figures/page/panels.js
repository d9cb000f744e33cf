// What goes on in V, M and C: z, h, what they push C to, and the actions.
import { signed } from "./sheet.js";

// A bar for each number, from a zero line up or down; ticks for the numbers of the dream beside it.
export function drawBars(sheet, values, others, most, theme) {
  const context = sheet.begin();
  const { width, height } = sheet;
  const left = 34;
  const middle = height / 2;
  const room = middle - 8;
  const step = (width - left) / values.length;
  const y = (value) => middle - room * Math.max(-1, Math.min(1, value / most));
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  [most, 0, -most].forEach((value) =>
    context.fillText(value ? signed(value) : "0", left - 5, y(value)));
  context.fillStyle = theme.line;
  context.fillRect(left, middle - 0.5, width - left, 1);
  values.forEach((value, i) => {
    context.fillStyle = value < 0 ? theme.less : theme.more;
    const [top, bottom] = [Math.min(middle, y(value)), Math.max(middle, y(value))];
    context.fillRect(left + i * step + step * 0.15, top, step * 0.7, Math.max(1, bottom - top));
  });
  if (others) {
    context.fillStyle = theme.dream;
    others.forEach((value, i) => context.fillRect(left + i * step, y(value) - 1.5, step, 3));
  }
}

// The nearer a cell's value to -1 or 1, the more it is of the colour of less or of more.
function cell(context, theme, value, x, y, width, height) {
  context.globalAlpha = 1;
  context.fillStyle = theme.line;
  context.fillRect(x, y, width, height);
  context.globalAlpha = Math.min(1, Math.abs(value));
  context.fillStyle = value < 0 ? theme.less : theme.more;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
}

const COLUMNS = 32;
const LEFT_OF_CELLS = 18; // room for their name

// Numbers in rows of COLUMNS cells; returns how high they are.
function cells(context, theme, values, most, x, y, width, size) {
  const step = width / COLUMNS;
  const gap = Math.min(2, step * 0.15);
  values.forEach((value, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const [at, down] = [x + column * step, y + row * size];
    cell(context, theme, value / most, at, down, step - gap, size - gap);
  });
  return Math.ceil(values.length / COLUMNS) * size;
}

export function drawCells(sheet, values, theme) {
  const context = sheet.begin();
  const rows = Math.ceil(values.length / COLUMNS);
  cells(context, theme, Array.from(values), 1, 0, 0, sheet.width, sheet.height / rows);
}

// How high the sheets of h and of C's weights are to be, for so many numbers.
export function heights(zSize, hiddenSize, features) {
  const rows = (count) => Math.ceil(count / COLUMNS);
  const size = hiddenSize > 2 * COLUMNS ? 10 : 18;
  const ofC = rows(zSize) + rows(features - zSize);
  const h = rows(hiddenSize) * (hiddenSize > 2 * COLUMNS ? 12 : 22);
  return { h, pushes: 2 * (ofC * size + 34) };
}

// For each action: what z and h push it to, cell by cell, on a scale of its own.
export function drawPushes(sheet, pushes, zSize, names, most, theme) {
  const context = sheet.begin();
  const { width, height } = sheet;
  const left = LEFT_OF_CELLS;
  const block = height / pushes.length;
  const rows = Math.ceil(zSize / COLUMNS) + Math.ceil((pushes[0].length - zSize) / COLUMNS);
  const size = (block - 34) / rows;
  pushes.forEach((row, action) => {
    const top = action * block;
    const sum = row.reduce((total, push) => total + push, 0);
    context.fillStyle = theme.ink;
    context.textAlign = "left";
    const who = row.length > zSize ? "z and h push" : "z pushes";
    context.fillText(`${names[action]}: ${who} by ${signed(sum, 2)}`, 0, top + 9);
    const parts = [["z", row.slice(0, zSize)], ["h", row.slice(zSize)]];
    let y = top + 20;
    parts.filter(([, part]) => part.length).forEach(([name, part]) => {
      const high = cells(context, theme, part, most[action], left, y, width - left, size);
      context.fillStyle = theme.muted;
      context.fillText(name, 0, y + high / 2);
      y += high + 4;
    });
  });
}

// Steer and pedal as bars from the middle of [-1, 1]; a hollow mark is what C would do.
export function drawActions(sheet, action, wanted, left, theme) {
  const context = sheet.begin();
  const { width, height } = sheet;
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
    context.fillStyle = theme.mind;
    const done = x(action[number]);
    context.fillRect(Math.min(middle, done), y - 7, Math.abs(done - middle), 14);
    context.fillStyle = theme.muted;
    context.fillRect(middle - 0.5, y - 10, 1, 20);
    context.fillStyle = theme.ink;
    context.textAlign = "right";
    context.fillText(ends[0], from - 10, y);
    context.textAlign = "left";
    context.fillText(ends[1], to + 10, y);
    if (wanted) {
      context.strokeStyle = theme.ink;
      context.lineWidth = 2;
      context.strokeRect(x(wanted[number]) - 3, y - 10, 6, 20);
      context.lineWidth = 1;
    }
  });
}
