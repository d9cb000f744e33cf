// 5: two drivers from dreams of two temperatures, each in its dream and on the road.
import { Canvas, signed } from "canvas.js";
import { drawFrame, drawTrack } from "scene.js";
import { Player } from "article/animation.js";
import { byId } from "article/dom.js";
import { DreamDrive, RoadDrive } from "article/drives.js";
import { drawLines } from "article/line_chart.js";
import { makeRoad } from "article/models.js";
import { onThemeChange, theme } from "article/theme.js";

const NAMES = ["cold", "warm"];

export class CheatToy {
  // `study` has columns of the temperature study.
  constructor(agents, study) {
    this.agents = agents;
    this.study = study;
    this.seed = 3;
    this.maps = Object.fromEntries(NAMES.map((name) =>
      [name, new Canvas(byId(`x-road-${name}`), () => this.player?.redraw())]));
    const drawStudy = () => this.chart && this.drawStudy();
    this.chart = new Canvas(byId("x-chart"), drawStudy);
    byId("x-restart").addEventListener("click", () => this.restart());
    byId("x-track").addEventListener("click", () => {
      this.seed += 1;
      this.restart();
    });
    this.player = new Player(byId("cheat"), byId("x-play"), {
      speed: 10,
      step: () => {
        this.drives.forEach((drive) => drive.step());
        return this.drives.some((drive) => !drive.done);
      },
      draw: (share) => this.draw(share),
      again: () => this.start(),
    });
    onThemeChange(() => {
      this.player.redraw();
      drawStudy();
    });
    this.restart();
  }

  start() {
    const { agents, seed } = this;
    this.roads = {};
    this.dreams = {};
    NAMES.forEach((name) => {
      const agent = agents[name];
      const road = new RoadDrive(agent, makeRoad(agent.env, seed));
      this.roads[name] = road;
      this.dreams[name] = new DreamDrive(agent, {
        z: road.z, steps: agent.env.max_steps, temperature: agent.temperature, seed });
    });
    this.drives = [...Object.values(this.roads), ...Object.values(this.dreams)];
  }

  restart() {
    this.start();
    this.player.begin();
  }

  draw(share) {
    NAMES.forEach((name) => {
      const [road, dream] = [this.roads[name], this.dreams[name]];
      const { env } = this.agents[name];
      const roadShare = road.done ? 1 : share;
      drawTrack(
        this.maps[name], road.env.track, road.path, null, env.view.reach, roadShare, theme);
      drawFrame(byId(`x-dream-${name}`), dream.view, env.shape, theme);
      byId(`x-dream-${name}-return`).textContent = signed(dream.return);
      byId(`x-road-${name}-return`).textContent = signed(road.return);
      byId(`x-road-${name}-place`).textContent =
        road.env.offTrack ? "off the road" : "on the road";
    });
  }

  drawStudy() {
    const { temperature, dream_return: inDreams, env_return: onRoads } = this.study;
    const at = temperature.map(Math.log10);
    const line = (values) => values.map((value, i) => [at[i], value]);
    const ticks = [0.01, 0.1, 1, 10];
    drawLines(this.chart, {
      lines: [
        { label: "in dreams", points: line(inDreams), colour: theme.dream, dashed: true },
        { label: "on the road", points: line(onRoads), colour: theme.real },
      ],
      x: [at[0], at.at(-1)], y: [0, 120],
      xTicks: ticks.map((value) => [Math.log10(value), `${value}`]),
      xTitle: "temperature",
      yTicks: [[0, "0"], [50, "50"], [100, "100"]],
    });
  }
}
