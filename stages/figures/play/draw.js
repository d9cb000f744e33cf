// What is drawn: each function paints one canvas from numbers, in the colours of the page's style.

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

function rgb(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// Pixels in [0, 1] on a canvas of as many; with one channel from the colour of grass to the road's.
export function drawPicture(canvas, pixels, [height, width, channels], theme) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const [off, on] = [rgb(theme.grass), rgb(theme.road)];
  for (let at = 0; at < width * height; at++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * at + c] = channels === 3
        ? 255 * pixels[3 * at + c]
        : off[c] + (on[c] - off[c]) * pixels[at];
    }
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// The road from above, north up, painted once for each road, size and theme.
let laid = { track: null, key: null, canvas: null };

function road(sheet, track, theme, scale) {
  const key = [sheet.canvas.width, sheet.ratio, theme.grass];
  if (laid.track === track && String(laid.key) === String(key)) return laid.canvas;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [sheet.canvas.width, sheet.canvas.height];
  const context = canvas.getContext("2d");
  context.fillStyle = theme.grass;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(
    sheet.ratio * scale, 0, 0, -sheet.ratio * scale, canvas.width / 2, canvas.height / 2);
  context.beginPath();
  track.x.forEach((x, i) => context.lineTo(x, track.y[i]));
  context.closePath();
  context.lineJoin = "round";
  context.lineWidth = 2 * track.halfWidth;
  context.strokeStyle = theme.road;
  context.stroke();
  context.lineWidth = 1.2 / scale;
  context.setLineDash([0.5, 0.5]);
  context.strokeStyle = theme.centre;
  context.stroke();
  laid = { track, key, canvas };
  return canvas;
}

// Road, trail, the square that the camera sees, and the car, `share` of the way to its last place.
export function drawTrack(sheet, track, trail, reach, share, theme) {
  const context = sheet.begin();
  const { width, height, ratio } = sheet;
  const scale = width / (2 * track.extent);
  context.drawImage(road(sheet, track, theme, scale), 0, 0, width, height);
  const last = trail[trail.length - 1];
  const before = trail[trail.length - 2] ?? last;
  const between = (key) => before[key] + (last[key] - before[key]) * share;
  const car = { x: between("x"), y: between("y"), theta: between("theta") };
  const zoom = ratio * scale;
  context.setTransform(zoom, 0, 0, -zoom, ratio * width / 2, ratio * height / 2);
  context.lineJoin = "round";
  context.beginPath();
  trail.slice(0, -1).forEach(({ x, y }) => context.lineTo(x, y));
  context.lineTo(car.x, car.y);
  context.strokeStyle = theme.real;
  context.lineWidth = 2.5 / scale;
  context.stroke();

  context.translate(car.x, car.y);
  context.rotate(car.theta);
  context.strokeStyle = theme.ink;
  context.lineWidth = 1.2 / scale;
  context.setLineDash([4 / scale, 3 / scale]);
  context.strokeRect(-reach, -reach, 2 * reach, 2 * reach);
  context.setLineDash([]);
  context.beginPath();
  [[0.75, 0], [-0.5, 0.45], [-0.25, 0], [-0.5, -0.45]].forEach((p) => context.lineTo(...p));
  context.closePath();
  context.fillStyle = theme.ink;
  context.strokeStyle = theme.card;
  context.lineWidth = 1.5 / scale;
  context.fill();
  context.stroke();
}

const signed = (value, digits = 1) =>
  `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`;

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

// Lines over the steps of a drive: {label, values, colour, dashed}; labels stand at their ends.
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
