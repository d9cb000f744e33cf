// 1: z to drag, and the picture that V draws from it.
import { Random } from "random.js";
import { drawFrame } from "scene.js";
import { byId, make } from "article/dom.js";
import { record } from "article/drives.js";
import { makeRoad } from "article/models.js";
import { onThemeChange, theme } from "article/theme.js";

const ROAD = 3; // the seed of the drive

export class VisionToy {
  constructor(agent) {
    this.agent = agent;
    this.moments = record(agent, makeRoad(agent.env, ROAD));
    this.random = new Random(1);
    const all = Array.from({ length: agent.zSize }, (_, i) => this.moments.map(({ z }) => z[i]));
    this.ranges = all.map((values) => [Math.min(...values), Math.max(...values)]);
    this.inputs = this.ranges.map(([low, high], i) => this.slider(i, low, high));
    const moment = byId("v-moment");
    moment.max = this.moments.length - 1;
    moment.addEventListener("input", () => this.show(Number(moment.value)));
    byId("v-back").addEventListener("click", () => this.show(this.moment));
    byId("v-random").addEventListener("click", () => this.set(
      this.ranges.map((range) => this.random.between(range))));
    onThemeChange(() => this.draw());
    this.show(Number(moment.value));
  }

  // A range input for number i of z, a quarter wider than what occurs in the drive.
  slider(i, low, high) {
    const margin = (high - low) / 8;
    const input = make("input", { type: "range", step: "any" });
    [input.min, input.max] = [low - margin, high + margin];
    const name = make("span", { textContent: i + 1 });
    input.setAttribute("aria-label", `Number ${i + 1} of ${this.agent.zSize}`);
    input.addEventListener("input", () => {
      this.z[i] = Number(input.value);
      this.draw();
    });
    byId("v-sliders").append(make("label", {}, name, input));
    return input;
  }

  // A moment of the drive, with V's z.
  show(moment) {
    this.moment = moment;
    this.set(this.moments[moment].z);
  }

  set(z) {
    this.z = Float32Array.from(z);
    this.inputs.forEach((input, i) => { input.value = this.z[i]; });
    this.draw();
  }

  draw() {
    const { agent, moments, moment } = this;
    this.decoded = agent.vision.decode(this.z);
    drawFrame(byId("v-view"), moments[moment].view, agent.env.shape, theme);
    drawFrame(byId("v-decoded"), this.decoded, agent.env.shape, theme);
  }
}
