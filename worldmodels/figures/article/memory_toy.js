// 2: the road and the dream, from a moment of your choice on.
import { Canvas, signed } from "canvas.js";
import { drawFrame } from "scene.js";
import { Player } from "article/animation.js";
import { byId } from "article/dom.js";
import { DreamDrive, record } from "article/drives.js";
import { makeRoad } from "article/models.js";
import { onThemeChange, theme } from "article/theme.js";

const ROAD = 3;
const STEPS = 36; // after the moment
const GAP = 3; // between the pictures of a strip, CSS pixels
const LABEL = 16; // height of the text above a strip

export class MemoryToy {
  constructor(agent) {
    this.agent = agent;
    this.moments = record(agent, makeRoad(agent.env, ROAD));
    this.seed = 1;
    this.strips = new Canvas(byId("m-strips"), () => this.player?.redraw());
    const moment = byId("m-moment");
    moment.max = this.moments.length - 1 - STEPS;
    ["m-moment", "m-temperature"].forEach((id) =>
      byId(id).addEventListener("input", () => this.dreamOn()));
    byId("m-again").addEventListener("click", () => {
      this.seed += 1;
      this.dreamOn();
    });
    this.player = new Player(byId("m"), byId("m-play"), {
      speed: 8,
      step: () => {
        this.at += 1;
        return this.at < STEPS;
      },
      draw: () => this.draw(),
      again: () => { this.at = 0; },
    });
    onThemeChange(() => this.player.redraw());
    this.dreamOn();
  }

  get temperature() {
    return 10 ** (Number(byId("m-temperature").value) / 10);
  }

  // Dream all steps at once; then the two pictures go through them.
  dreamOn() {
    const { agent, temperature } = this;
    this.moment = Number(byId("m-moment").value);
    const { z, state } = this.moments[this.moment];
    const drive = new DreamDrive(agent, { z, state, steps: STEPS, temperature, seed: this.seed });
    this.dreamt = [drive.view];
    while (!drive.done) {
      drive.step();
      this.dreamt.push(drive.view);
    }
    this.dreamReturn = drive.return;
    this.at = 0;
    byId("m-temperature-value").textContent = temperature.toFixed(2);
    this.player.begin();
  }

  // The pictures of the road and of the dream after some steps; the last one of a dream that M has
  // ended stays.
  pictures(step) {
    return [
      this.moments[this.moment + step].view,
      this.dreamt[Math.min(step, this.dreamt.length - 1)],
    ];
  }

  draw() {
    const { shape } = this.agent.env;
    const [real, dream] = this.pictures(this.at);
    drawFrame(byId("m-real"), real, shape, theme);
    drawFrame(byId("m-dream"), dream, shape, theme);
    this.drawStrips();
    const before = this.moments[this.moment].return;
    const realReturn = this.moments[this.moment + STEPS].return - before;
    const end = this.dreamt.length <= STEPS
      ? ` M ended the dream after ${this.dreamt.length - 1} steps.` : "";
    byId("m-status").textContent = `In ${STEPS} steps C earns ${signed(realReturn)} points on the `
      + `road, and ${signed(this.dreamReturn)} in the dream.${end}`;
  }

  // Pictures of both, with a frame around those of the current step.
  drawStrips() {
    const context = this.strips.begin();
    const { width, height } = this.strips;
    const count = width > 500 ? 10 : 7;
    const every = STEPS / (count - 1);
    const side = Math.min((width - GAP * (count - 1)) / count, height / 2 - LABEL - GAP);
    const pitch = (width - side) / (count - 1);
    context.imageSmoothingEnabled = false;
    const titles = [["the road", theme.real], ["the dream", theme.dream]];
    titles.forEach(([title, colour], row) => {
      const top = row * (side + LABEL + GAP) + LABEL;
      context.fillStyle = colour;
      context.fillText(row ? title : `${title}, every ${every} steps`, 0, top - LABEL / 2);
      for (let number = 0; number < count; number++) {
        const left = number * pitch;
        const picture = document.createElement("canvas");
        drawFrame(picture, this.pictures(number * every)[row], this.agent.env.shape, theme);
        context.drawImage(picture, left, top, side, side);
        if (Math.round(this.at / every) !== number) continue;
        context.strokeStyle = colour;
        context.lineWidth = 3;
        context.strokeRect(left + 1.5, top + 1.5, side - 3, side - 3);
      }
    });
  }
}
