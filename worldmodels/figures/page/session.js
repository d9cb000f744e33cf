// What goes on behind the page, without the page: a car on the road, V, M and C awake in it, and a
// dream. Twin of stages/agent.py and stages/rollout.py for one car.
import { Controller } from "./controller.js";
import { Dream } from "./dream.js";
import { memoryOf } from "./memory.js";
import { Random } from "./random.js";
import { visionOf } from "./vision.js";
import { unpacked } from "./weights.js";
import { RacingWorld, Track, randomTrack } from "./world.js";

const RACING_MODES = {
  watch: { label: "Watch C drive", real: true, dream: false, driver: "c" },
  drive: { label: "Drive yourself", real: true, dream: false, driver: "you" },
  dream: { label: "Drive in the dream", real: false, dream: true, driver: "you" },
  both: { label: "Side by side", real: true, dream: true, driver: "c" },
};
// Of CarRacing the page has no world, only what M dreams of it.
const DREAM_MODES = {
  watch: { label: "Watch C dream", real: false, dream: true, driver: "c" },
  dream: { label: "Drive in the dream", real: false, dream: true, driver: "you" },
};

export class Session {
  constructor(data) {
    const { world, bytes } = data;
    this.settings = world;
    this.shape = world.shape;
    this.racing = world.kind === "racing";
    this.modes = this.racing ? RACING_MODES : DREAM_MODES;
    this.left = this.racing ? 1 : -1; // the sign of steering to the left
    const arrays = (part) => unpacked(data[part].arrays, bytes);
    this.vision = visionOf(data.vision.kind, arrays("vision"), world.shape);
    this.controller = new Controller(arrays("controller"));
    const codes = data.vision.kind === "autoencoder" ? "z" : "mean";
    this.zSize = data.vision.arrays[`${codes}.bias`].shape[0];
    this.memory = memoryOf(data.memory.kind, arrays("memory"), this.zSize);
    this.beginnings = data.beginnings && unpacked(data.beginnings, 4);
    this.temperature = 1;
    this.night = 0;
    this.roadSeed = world.tracks === "note" ? 0 : 1;
    this.lay();
    this.choose("watch");
  }

  // The road of the seed; 0 is the note's.
  lay() {
    if (!this.racing) return;
    const track = this.roadSeed === 0
      ? new Track(this.settings.note)
      : randomTrack(this.settings.random, new Random(this.roadSeed));
    this.world = new RacingWorld(track, this.settings);
  }

  choose(name) {
    this.name = name;
    this.mode = this.modes[name];
    this.driver = this.mode.driver;
    this.restart();
  }

  goTo(roadSeed) {
    this.roadSeed = roadSeed;
    this.lay();
    this.restart();
  }

  restart() {
    this.night += 1;
    this.steps = 0;
    this.action = [0, 0];
    this.total = { real: 0, dream: 0 };
    this.totals = { real: [0], dream: [0] };
    this.awake = { z: null, state: this.memory.empty() };
    if (this.racing) {
      this.world.reset();
      this.trail = [{ ...this.world.car }];
      this.look();
    }
    this.apart = { dream: [], v: [] };
    this.dream = null;
    if (this.mode.dream) this.fallAsleep();
    this.decide();
    this.compare();
  }

  // Begin a dream: where the car is, or at a recorded moment of a world that is not on the page.
  fallAsleep() {
    const random = new Random(1000 * this.night + this.roadSeed + this.steps);
    this.dream = new Dream(this.memory, random, this.settings.max_steps);
    this.dream.temperature = this.temperature;
    if (this.racing) {
      this.dream.reset(this.awake.z, this.awake.state);
      this.dream.steps = this.steps;
    } else {
      this.dream.reset(...this.beginning());
    }
    this.imagined = this.vision.decode(this.dream.z);
  }

  // z, and what M remembers of the recorded steps before it.
  beginning() {
    const { z, past_z: pastZ, past_actions: pastActions, steps } = this.beginnings;
    const [count, before, actions] = pastActions.shape;
    const number = (this.night - 1) % count;
    const row = (array, at, size) => array.data.subarray(at * size, (at + 1) * size);
    let state = this.memory.empty();
    for (let at = before - steps.data[number]; at < before; at++) {
      const here = number * before + at;
      state = this.memory.step(
        row(pastZ, here, this.zSize), row(pastActions, here, actions), state);
    }
    return [row(z, number, this.zSize), state];
  }

  warm(temperature) {
    this.temperature = temperature;
    if (this.dream) this.dream.temperature = temperature;
  }

  get over() {
    return this.mode.real ? this.world.over : this.dream.over;
  }

  // What C sees, and what is shown of z and h.
  get mind() {
    if (this.mode.real) return { z: this.awake.z, h: this.awake.state.h };
    return { z: this.dream.z, h: this.dream.state.h };
  }

  look() {
    this.view = this.world.view();
    this.awake.z = this.vision.encode(this.view);
    this.drawn = this.vision.decode(this.awake.z);
  }

  // What C would do now.
  decide() {
    const { z, h } = this.mind;
    this.features = this.controller.seen(z, h);
    this.wanted = Array.from(this.controller.act(this.features));
  }

  compare() {
    if (!(this.mode.real && this.mode.dream)) return;
    this.apart.dream.push(difference(this.imagined, this.view));
    this.apart.v.push(difference(this.drawn, this.view));
  }

  // One step on: by C, or by the action of a hand.
  step(hand) {
    if (this.over) return;
    this.action = this.driver === "c" ? this.wanted : hand;
    this.steps += 1;
    if (this.mode.real) {
      this.total.real += this.world.step(this.action);
      this.awake.state = this.memory.step(this.awake.z, this.action, this.awake.state);
      this.look();
      this.trail.push({ ...this.world.car });
    }
    if (this.mode.dream) {
      this.total.dream += this.dream.step(this.action);
      this.imagined = this.vision.decode(this.dream.z);
    }
    this.totals.real.push(this.total.real);
    this.totals.dream.push(this.total.dream);
    this.decide();
    this.compare();
  }
}

// Mean absolute difference of pixels, in percent of the range from black to white.
function difference(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += Math.abs(one[i] - other[i]);
  return 100 * sum / one.length;
}
