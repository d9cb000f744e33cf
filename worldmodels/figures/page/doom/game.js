// The state behind the page of Doom, without the page: M's dream of Take Cover, with you or C as
// the player, and C's own dream from the same start with the same random numbers.
import { Controller, inputParts } from "controller.js";
import { mix } from "interpolation.js";
import { Random } from "random.js";
import { unpack } from "weights.js";
import { Dream } from "doom/dream.js";
import { makeMemory, makeVision } from "doom/models.js";

const MODES = {
  watch: { label: "Watch C", driver: "c" },
  dream: { label: "Play yourself", driver: "you" },
};

export class Game {
  constructor(data) {
    this.settings = data.env;
    this.shape = data.env.shape;
    this.modes = MODES;
    const arrays = (part) => unpack(data[part].arrays, data.bytes);
    this.starts = unpack(data.dream_starts, 4);
    [this.startCount, this.zSize] = this.starts.z.shape;
    this.vision = makeVision(data.vision.kind, arrays("vision"), this.shape);
    this.memory = makeMemory(data.memory.kind, arrays("memory"), this.zSize);
    this.controller = new Controller(arrays("controller"));
    this.columns = this.memory.columns ?? 1; // that z and h have the numbers of
    this.temperature = data.temperature;
    this.start = 1; // the number of the recorded moment at which dreams start
    this.states = {}; // of M at the starts, by number, as far as they are known
    this.bests = {}; // your most tics, by what they can be compared in
    this.episode = 0;
    this.setMode("watch");
  }

  setMode(name) {
    this.modeName = name;
    this.driver = this.modes[name].driver;
    this.restart();
  }

  setStart(number) {
    this.start = number;
    this.restart();
  }

  setTemperature(temperature) {
    this.temperature = temperature;
    this.restart();
  }

  restart() {
    this.episode += 1;
    this.byYou = true; // whether all steps so far were yours
    this.action = [0];
    this.dream = this.makeDream();
    this.ghost = this.makeDream(); // C's, as an aim beside yours
    this.before = this.dream.z;
    this.policyAction = this.actionOfC(this.dream); // C's next action
  }

  // A dream from the start, with the same random numbers in an episode each time.
  makeDream() {
    const random = new Random(1000 * this.episode + this.start);
    const dream = new Dream(this.memory, random, this.settings);
    dream.temperature = this.temperature;
    this.states[this.start] ??= this.startState();
    dream.reset(...this.states[this.start]);
    return dream;
  }

  // A recorded z, and M's state after the recorded steps before it.
  startState() {
    const { z, context_z: contextZ, context_actions: actions, context_steps: steps } = this.starts;
    const [, width, actionSize] = actions.shape;
    const number = this.start - 1;
    const row = (array, at, size) => array.data.subarray(at * size, (at + 1) * size);
    let state = this.memory.initialState();
    for (let step = width - steps.data[number]; step < width; step++) {
      const at = number * width + step;
      state = this.memory.step(row(contextZ, at, this.zSize), row(actions, at, actionSize), state);
    }
    return [row(z, number, this.zSize), state];
  }

  get done() {
    return this.dream.done;
  }

  get steps() {
    return this.dream.steps;
  }

  // What your tics can be compared with.
  get contest() {
    return `${this.start} at ${this.temperature}`;
  }

  features({ z, state }) {
    return this.controller.features(z, state);
  }

  actionOfC(dream) {
    return Array.from(this.controller.act(this.features(dream)));
  }

  // One step, with C's action or with that of the keys.
  step(keyAction) {
    if (this.done) return;
    this.before = this.dream.z;
    this.byYou &&= this.driver === "you";
    this.action = this.driver === "c" ? this.policyAction : keyAction;
    this.dream.step(this.action);
    this.policyAction = this.actionOfC(this.dream);
    if (this.done && this.byYou) {
      this.bests[this.contest] = Math.max(this.dream.tics, this.bests[this.contest] ?? 0);
    }
  }

  // Take C's own dream at least that many steps on, and go on for some milliseconds.
  runGhost(steps, milliseconds = 0) {
    const { ghost } = this;
    const end = performance.now() + milliseconds;
    while (!ghost.done && (ghost.steps < steps || performance.now() < end)) {
      ghost.step(this.actionOfC(ghost));
    }
  }

  // z, `share` of the way from the last but one step to the last.
  between(share) {
    return share < 1 ? mix(this.before, this.dream.z, share) : this.dream.z;
  }

  // What the numbers of each column of a dream add to C's sum before its tanh; above 0 is to the
  // right.
  pulls(dream) {
    const [contributions] = this.controller.contributions(this.features(dream));
    const pulls = new Array(this.columns).fill(0);
    for (const [, part] of inputParts(contributions, this.zSize, this.memory.hiddenSize)) {
      const size = part.length / this.columns;
      part.forEach((value, i) => { pulls[Math.floor(i / size)] += value; });
    }
    return pulls;
  }
}
