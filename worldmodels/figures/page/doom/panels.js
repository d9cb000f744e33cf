// Draws the dream, and below it z, h and what moves C, each number below its column of the picture.
import { Canvas, readTheme } from "canvas.js";
import { drawChart } from "chart.js";
import { drawFrame } from "scene.js";
import { byId } from "doom/texts.js";

const CELLS = 80; // in a row of h
const CELL_HEIGHT = 11; // CSS pixels
const CANVASES = ["z", "h", "pulls", "health-chart", "risk-chart"];
const Z_LIMIT = 4; // of the scale of z; what is beyond is drawn at the edge
const SCALE_STEPS = 24; // of C, from which the scale of what moves it is taken

export class Panels {
  // `changed` is called when all must be drawn again.
  constructor(game, changed) {
    this.game = game;
    this.canvases = Object.fromEntries(CANVASES.map((id) => [id, new Canvas(byId(id), changed)]));
    this.theme = readTheme();
    this.pullLimit = largestPull(game);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.theme = readTheme();
      changed();
    });
  }

  // Draw everything, `share` of the way from the last but one step to the last.
  draw(share) {
    const { game: { dream, columns }, game, canvases, theme } = this;
    this.drawZ(share);
    if (this.drawn === dream.z) return;
    this.drawn = dream.z;
    drawCells(canvases.h, dream.state.h, columns, theme);
    drawBars(canvases.pulls, game.pulls(dream), columns, this.pullLimit, theme.controller, theme);
    this.drawCharts();
  }

  // Draw what lies between two steps: z, and its picture.
  drawZ(share) {
    const { game, canvases, theme } = this;
    const z = game.between(share);
    drawFrame(byId("dream"), game.vision.decode(z), game.shape, theme);
    drawBars(canvases.z, Array.from(z), game.columns, Z_LIMIT, theme.vision, theme);
  }

  drawCharts() {
    const { canvases, theme, game: { dream, driver, ghost, settings } } = this;
    const axes = { low: 0, high: 100, steps: settings.max_steps, unit: "%", mark: null };
    const percent = (risks) => risks.map((risk) => 100 * risk);
    const lines = (values) => [
      { label: "C", colour: theme.controller, values: values(driver === "c" ? dream : ghost) },
      { label: "you", colour: theme.dream, values: values(dream) },
    ].slice(0, driver === "c" ? 1 : 2);
    drawChart(canvases["risk-chart"], lines(({ risks }) => percent(risks)),
      { ...axes, high: 50 }, theme);
    if (settings.predicts_health) {
      drawChart(canvases["health-chart"], lines(({ healths }) => healths), axes, theme);
    }
  }

  // Draw even what has not changed: the sizes or colours have.
  redraw() {
    this.drawn = null;
  }
}

// The largest of what moves C in the first steps of a dream of its own.
function largestPull(game) {
  const dream = game.makeDream();
  let largest = 0.1;
  for (let step = 0; step < SCALE_STEPS && !dream.done; step++) {
    largest = Math.max(largest, ...game.pulls(dream).map(Math.abs));
    dream.step(game.actionOfC(dream));
  }
  return largest;
}

// The height of the canvas of h, CSS pixels.
export const heightOfH = (hiddenSize) => Math.ceil(hiddenSize / CELLS) * CELL_HEIGHT;

// A bar for each value, up or down from the middle; lines between the columns.
function drawBars(canvas, values, columns, limit, colour, theme) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const [middle, step] = [height / 2, width / values.length];
  context.fillStyle = theme.line;
  context.fillRect(0, middle - 0.5, width, 1);
  for (let column = 1; column < columns; column++) {
    context.fillRect(column * width / columns - 0.5, 0, 1, height);
  }
  context.fillStyle = colour;
  values.forEach((value, i) => {
    const end = middle * (1 - Math.max(-1, Math.min(1, value / limit)));
    context.fillRect((i + 0.1) * step, Math.min(middle, end), 0.8 * step,
      Math.max(1, Math.abs(end - middle)));
  });
}

// A cell for each value in [-1, 1], row by row within each column, as in a Hinton diagram: the area
// of its inner rectangle is the absolute value, and the shade is the sign.
function drawCells(canvas, values, columns, theme) {
  const context = canvas.begin();
  const { width, height } = canvas;
  const size = values.length / columns;
  const across = Math.max(1, Math.min(size, Math.round(CELLS / columns)));
  const [cell, row] = [width / columns / across, height / Math.ceil(size / across)];
  values.forEach((value, i) => {
    const [column, place] = [Math.floor(i / size), i % size];
    const [x, y] = [(column * across + place % across) * cell, Math.floor(place / across) * row];
    context.fillStyle = theme.cell;
    context.fillRect(x, y, cell - 1, row - 1);
    const side = 0.88 * Math.sqrt(Math.min(1, Math.abs(value)));
    context.fillStyle = value < 0 ? theme.less : theme.more;
    context.fillRect(x + (cell - 1) * (1 - side) / 2, y + (row - 1) * (1 - side) / 2,
      (cell - 1) * side, (row - 1) * side);
  });
}
