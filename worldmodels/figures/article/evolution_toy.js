// 4: C evolves in M's dream, and drives on a real road.
import { Canvas, signed } from "canvas.js";
import { drawFrame, drawTrack } from "scene.js";
import { Player, animate } from "article/animation.js";
import { byId } from "article/dom.js";
import { RoadDrive } from "article/drives.js";
import { bestFirst } from "article/evolution.js";
import { drawLines } from "article/line_chart.js";
import { makeRoad } from "article/models.js";
import { DreamSearch, controllerOf } from "article/search.js";
import { onThemeChange, theme } from "article/theme.js";

const STARTS = 16; // first frames of as many roads
const FIRST_START = 1000; // the seed of their first road
const SLICE = 11; // milliseconds of each frame of the screen
const COLUMNS = 8; // of the candidates' pictures
const BEST = 130; // top of the axis, points

export class EvolutionToy {
  constructor(agent, settings) {
    this.agent = agent;
    this.settings = settings;
    this.starts = Array.from({ length: STARTS }, (_, i) =>
      new RoadDrive(agent, makeRoad(agent.env, FIRST_START + i)).z);
    this.seed = 0;
    this.roadSeed = 1;
    this.evolving = false;
    this.map = new Canvas(byId("e-road"), () => this.player?.redraw());
    const redraw = () => { this.dirty = true; };
    this.candidates = new Canvas(byId("e-candidates"), redraw);
    this.chart = new Canvas(byId("e-chart"), redraw);
    onThemeChange(() => {
      redraw();
      this.player.redraw();
    });
    byId("e-evolve").addEventListener("click", () => this.toggle());
    byId("e-generation").addEventListener("input", () => this.drive());
    byId("e-track").addEventListener("click", () => {
      this.roadSeed += 1;
      this.drive();
    });
    this.player = new Player(byId("evolution"), byId("e-play"), {
      speed: 12,
      step: () => {
        this.road.step();
        return !this.road.done;
      },
      draw: (share) => this.drawRoad(share),
      again: () => this.road.restart(),
    });
    this.prepare();
    animate(byId("evolution"), () => this.frame());
  }

  // A search from the beginning.
  prepare() {
    this.seed += 1;
    const { agent, starts, settings, seed } = this;
    const steps = agent.env.max_steps;
    this.search = new DreamSearch(agent.memory, starts, { ...settings, steps, seed });
    this.seconds = 0;
    byId("e-generation").max = 0;
    byId("e-generation").value = 0;
    this.drive();
    this.label();
  }

  toggle() {
    if (this.search.done) this.prepare();
    this.evolving = !this.evolving;
    this.label();
  }

  label() {
    byId("e-evolve").textContent = this.evolving ? "Stop"
      : this.search.done ? "Evolve again" : this.search.dreamCount ? "Go on" : "Evolve";
    this.dirty = true;
  }

  // Search for a slice of a frame.
  frame() {
    if (this.evolving) {
      const start = performance.now();
      const before = this.search.generation;
      while (!this.search.done && performance.now() - start < SLICE) this.search.advance();
      this.seconds += (performance.now() - start) / 1000;
      if (this.search.generation > before) this.follow(before);
    }
    if (this.dirty) this.draw();
  }

  // New generations can be chosen; if the last one was, the new last one is.
  follow(before) {
    const { search } = this;
    const slider = byId("e-generation");
    const followed = Number(slider.value) === before;
    slider.max = search.generation;
    if (search.done) {
      this.evolving = false;
      this.label();
    }
    if (followed) {
      slider.value = search.generation;
      if (search.done) this.drive();
      else byId("e-generation-value").textContent = slider.value;
    }
    this.dirty = true;
  }

  // The mean of the chosen generation's distribution, on a real road.
  drive() {
    const { agent } = this;
    this.chosen = Number(byId("e-generation").value);
    byId("e-generation-value").textContent = this.chosen;
    const controller = controllerOf(this.search.means[this.chosen], agent.zSize);
    this.road = new RoadDrive({ ...agent, controller }, makeRoad(agent.env, this.roadSeed));
    this.player.begin();
  }

  draw() {
    this.dirty = false;
    this.drawCandidates();
    this.drawChart();
    const { search, settings } = this;
    const total = settings.population * settings.generations;
    byId("e-status").textContent = search.dreamCount
      ? `Generation ${search.generation} of ${settings.generations}: ${search.dreamCount} of `
        + `${total} dreams, ${this.seconds.toFixed(1)} seconds of work, no step on a real road.`
      : `${total} dreams are ahead.`;
  }

  // The last picture of each candidate's dream, the best first.
  drawCandidates() {
    const { search, agent } = this;
    const context = this.candidates.begin();
    const { width, height } = this.candidates;
    const rows = Math.ceil(search.candidates.length / COLUMNS);
    const gap = 6;
    const side = Math.min((width - gap * (COLUMNS - 1)) / COLUMNS, height / rows - 12);
    const { returns, lastZ } = search.lastGeneration ?? search;
    context.imageSmoothingEnabled = false;
    bestFirst(returns).forEach((number, place) => {
      const x = (place % COLUMNS) * (side + gap);
      const y = Math.floor(place / COLUMNS) * (side + 12);
      const picture = document.createElement("canvas");
      drawFrame(picture, agent.vision.decode(lastZ[number]), agent.env.shape, theme);
      context.drawImage(picture, x, y, side, side);
      context.fillStyle = theme.line;
      context.fillRect(x, y + side + 2, side, 4);
      context.fillStyle = theme.dream;
      const share = Math.min(1, Math.max(0, returns[number] / BEST));
      context.fillRect(x, y + side + 2, side * share, 4);
    });
  }

  drawChart() {
    const { search, settings } = this;
    const of = (name) => search.history.map((row, i) => [i + 1, row[name]]);
    drawLines(this.chart, {
      lines: [
        { label: "best", points: of("best"), colour: theme.dream },
        { label: "average", points: of("mean"), colour: theme.dream, dashed: true },
      ],
      bands: [{ low: of("worst"), high: of("best"), colour: theme.dream }],
      x: [1, settings.generations], y: [-20, BEST],
      xTicks: [1, settings.generations].map((generation) => [generation, `${generation}`]),
      xTitle: "generation",
      yTicks: [[0, "0"], [50, "50"], [100, "100"]],
    });
  }

  drawRoad(share) {
    const { road, agent } = this;
    const { reach } = agent.env.view;
    drawTrack(this.map, road.env.track, road.path, null, reach, share, theme);
    const end = road.env.offTrack ? " The car has left the road." : "";
    byId("e-road-status").textContent = `Generation ${this.chosen} on a real road: `
      + `${signed(road.return)} points after ${road.steps} steps.${end}`;
  }
}
