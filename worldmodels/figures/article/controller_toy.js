// 3: C's weights at work, and what happens when C does not get a number of z.
import { Canvas, signed } from "canvas.js";
import { drawTrack } from "scene.js";
import { Player } from "article/animation.js";
import { byId, make } from "article/dom.js";
import { RoadDrive } from "article/drives.js";
import { byStep, drawLines } from "article/line_chart.js";
import { makeRoad } from "article/models.js";
import { onThemeChange, theme } from "article/theme.js";

const BEST = 130; // top of the axis, points
const ACTIONS = [["Steering", "left", "right", -1], ["Pedal", "brake", "gas", 1]];

export class ControllerToy {
  constructor(agent) {
    this.agent = agent;
    this.mask = new Float32Array(agent.zSize).fill(1);
    this.largest = ACTIONS.map(() => 0.5); // contribution so far
    this.seed = 1;
    this.map = new Canvas(byId("c-road"), () => this.player?.redraw());
    this.chart = new Canvas(byId("c-chart"), () => this.player?.redraw());
    this.cells = Array.from(this.mask, (_, i) => this.makeCell(i));
    this.actions = ACTIONS.map((action) => this.makeAction(action));
    byId("c-restart").addEventListener("click", () => this.restart());
    byId("c-all").addEventListener("click", () => {
      this.mask.fill(1);
      this.restart();
    });
    byId("c-track").addEventListener("click", () => {
      this.seed += 1;
      this.takeRoad();
    });
    this.player = new Player(byId("c"), byId("c-play"), {
      speed: 10,
      step: () => {
        this.drive.step();
        return !this.drive.done;
      },
      draw: (share) => this.draw(share),
      again: () => this.drive.restart(),
    });
    onThemeChange(() => this.player.redraw());
    this.takeRoad();
  }

  // A button for number i of z, with a bar for what it adds to each action.
  makeCell(i) {
    const bars = ACTIONS.map(() => make("i"));
    const cell = make("button", { className: "cell" }, make("b", { textContent: i + 1 }), ...bars);
    cell.addEventListener("click", () => {
      this.mask[i] = 1 - this.mask[i];
      if (this.drive.done) this.drive.restart();
      this.player.begin();
      this.drive.observe();
    });
    byId("c-cells").append(cell);
    return { cell, bars };
  }

  makeAction([name, low, high]) {
    const bar = make("i");
    const row = make("p", {}, make("b", { textContent: name }), make("span", { textContent: low }),
      make("span", { className: "meter" }, bar), make("span", { textContent: high }));
    byId("c-actions").append(row);
    return bar;
  }

  // Another road: how C drives there with all numbers is the mark.
  takeRoad() {
    const { agent, seed, mask } = this;
    this.whole = new RoadDrive(agent, makeRoad(agent.env, seed)).finish();
    this.drive = new RoadDrive(agent, makeRoad(agent.env, seed), mask);
    this.player.begin();
  }

  restart() {
    this.drive.restart();
    this.player.begin();
  }

  draw(share) {
    const { drive, agent, mask } = this;
    const { reach } = agent.env.view;
    drawTrack(this.map, drive.env.track, drive.path, null, reach, share, theme);
    const contributions = agent.controller.contributions(drive.features);
    contributions.forEach((row, action) => {
      this.largest[action] = Math.max(this.largest[action], ...row.map(Math.abs));
    });
    this.cells.forEach(({ cell, bars }, i) => {
      cell.setAttribute("aria-pressed", mask[i] === 1);
      cell.setAttribute("aria-label", `Number ${i + 1}`);
      bars.forEach((bar, action) =>
        setBar(bar, ACTIONS[action][3] * contributions[action][i] / this.largest[action]));
    });
    this.actions.forEach((bar, action) =>
      setBar(bar, ACTIONS[action][3] * drive.action[action]));
    const off = mask.filter((value) => value === 0).length;
    byId("c-status").textContent = `${off ? `${off} of ${mask.length} numbers taken away` :
      "C has all numbers"}: ${signed(drive.return)} points after ${drive.steps} steps`
      + `${drive.env.offTrack ? ". The car has left the road." : ""}`;
    drawLines(this.chart, {
      lines: [
        { label: "all numbers", points: byStep(this.whole.returns), colour: theme.muted,
          dashed: true },
        { label: "this drive", points: byStep(drive.returns), colour: theme.real },
      ],
      x: [0, agent.env.max_steps], y: [-20, BEST],
      xTicks: [0, agent.env.max_steps].map((step) => [step, `${step}`]),
      xTitle: "steps",
      yTicks: [[0, "0"], [50, "50"], [100, "100"]],
    });
  }
}

// A bar from the middle of its element: to the right for 1, to the left for -1.
function setBar(bar, value) {
  const size = Math.min(1, Math.abs(value)) * 50;
  bar.style.setProperty("--from", `${value < 0 ? 50 - size : 50}%`);
  bar.style.setProperty("--size", `${size}%`);
}
