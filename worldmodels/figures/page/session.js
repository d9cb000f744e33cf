// The state behind the page, without the page: a car in the environment with V, M and C, and a
// dream. Twin of worldmodels/agent and worldmodels/rollout for one car.
import { Controller } from "controller.js";
import { DreamEnv } from "dream.js";
import { RacingEnv, Track, randomTrack } from "env.js";
import { Ghost } from "ghost.js";
import { mix, mixCars } from "interpolation.js";
import { makeMemory } from "memory.js";
import { Random } from "random.js";
import { fixedScales } from "scales.js";
import { makeVision } from "vision.js";
import { unpack } from "weights.js";

const RACING_MODES = {
  watch: { label: "Watch C drive", real: true, dream: false, driver: "c" },
  drive: { label: "Drive yourself", real: true, dream: false, driver: "you" },
  dream: { label: "Drive in the dream", real: false, dream: true, driver: "you" },
  both: { label: "Side by side", real: true, dream: true, driver: "c" },
};
// Steps without a new high of the return after which a dream of CarRacing is over, as the recorded
// episodes were (collect.patience): the M that learned from them hardly ever predicts an end.
const PATIENCE = 40;
// The page cannot run CarRacing itself, only M's dream of it.
const DREAM_MODES = {
  watch: { label: "Watch C dream", real: false, dream: true, driver: "c" },
  dream: { label: "Drive in the dream", real: false, dream: true, driver: "you" },
};

export class Session {
  constructor(data) {
    this.settings = data.env;
    this.shape = data.env.shape;
    this.racing = data.env.kind === "racing";
    this.modes = this.racing ? RACING_MODES : DREAM_MODES;
    this.left = this.racing ? 1 : -1; // the sign of steering to the left
    const arrays = (part) => unpack(data[part].arrays, data.bytes);
    this.vision = makeVision(data.vision.kind, arrays("vision"), this.shape);
    this.controller = new Controller(arrays("controller"));
    const zLayer = data.vision.kind === "autoencoder" ? "z" : "mean";
    this.zSize = data.vision.arrays[`${zLayer}.bias`].shape[0];
    this.memory = makeMemory(data.memory.kind, arrays("memory"), this.zSize);
    this.dreamStarts = data.dream_starts && unpack(data.dream_starts, 4);
    this.temperature = data.temperature;
    this.episode = 0;
    this.startStates = {}; // of dreams, by the number of the start, as far as they are known
    this.bests = {}; // your best returns, by what they can be compared in
    // The number of a track, or of a start state.
    this.trackSeed = data.env.tracks === "fixed" ? 0 : 1;
    this.makeEnv();
    this.setMode("watch");
    this.scales = fixedScales(this, new Ghost(this));
  }

  // The numbers of the tracks, or of the recorded start states: the first, and the last.
  get trackSeeds() {
    return this.racing ? [0, 999999] : [1, this.dreamStarts.z.shape[0]];
  }

  // The environment with the track of the seed; track 0 is the fixed one.
  makeEnv() {
    if (!this.racing) return;
    const track = this.trackSeed === 0
      ? new Track(this.settings.fixed_track)
      : randomTrack(this.settings.random_tracks, new Random(this.trackSeed));
    this.env = new RacingEnv(track, this.settings);
  }

  setMode(name) {
    this.modeName = name;
    this.mode = this.modes[name];
    this.driver = this.mode.driver;
    this.restart();
  }

  setTrack(seed) {
    this.trackSeed = seed;
    this.makeEnv();
    this.restart();
  }

  setTemperature(temperature) {
    this.temperature = temperature;
    if (this.dream) this.dream.temperature = temperature;
    if (!this.mode.real) this.ghost = new Ghost(this);
  }

  restart() {
    this.episode += 1;
    this.steps = 0;
    this.action = [0, 0];
    this.byYou = true; // whether all steps so far were yours
    this.returns = { real: [0], dream: [0] }; // sums of the rewards, by step
    this.errors = { dream: [], reconstruction: [] }; // of frames, by step
    this.real = { z: null, state: this.memory.initialState() };
    if (this.racing) {
      this.env.reset();
      this.path = [{ ...this.env.car }];
      this.observe();
    }
    this.dream = null;
    if (this.mode.dream) this.startDream();
    this.remember();
    this.decide();
    this.recordErrors();
    this.ghost = new Ghost(this);
  }

  // Start a dream where the car is, or, where there is no car, at a recorded start state.
  startDream() {
    this.dream = this.makeDream(this.steps);
    this.dreamView = this.vision.decode(this.dream.z);
    this.remember();
  }

  // A dream from now, or from the episode's first step, with the same random numbers each time.
  makeDream = (steps = 0) => {
    const random = new Random(1000 * this.episode + this.trackSeed + steps);
    const patience = this.racing ? Infinity : PATIENCE;
    const dream = new DreamEnv(this.memory, random, this.settings.max_steps, patience);
    dream.temperature = this.temperature;
    if (this.racing) {
      dream.reset(this.real.z, this.real.state);
      dream.steps = steps;
    } else {
      this.startStates[this.trackSeed] ??= this.startState();
      dream.reset(...this.startStates[this.trackSeed]);
    }
    return dream;
  };

  // A recorded z, and M's state after the recorded steps before it.
  startState() {
    const { z, context_z: contextZ, context_actions: contextActions, context_steps: contextSteps } =
      this.dreamStarts;
    const [count, width, actionSize] = contextActions.shape;
    const number = (this.trackSeed - 1) % count;
    const row = (array, at, size) => array.data.subarray(at * size, (at + 1) * size);
    let state = this.memory.initialState();
    for (let step = width - contextSteps.data[number]; step < width; step++) {
      const at = number * width + step;
      state = this.memory.step(
        row(contextZ, at, this.zSize), row(contextActions, at, actionSize), state);
    }
    return [row(z, number, this.zSize), state];
  }

  get done() {
    return this.mode.real ? this.env.done : this.dream.done;
  }

  // The z and M's state that C takes and the page shows.
  get observed() {
    const { z, state } = this.mode.real ? this.real : this.dream;
    return { z, state };
  }

  // What your returns of this episode can be compared with.
  get contest() {
    const { mode, trackSeed, temperature } = this;
    return mode.real ? `road ${trackSeed}` : `dream ${trackSeed} at ${temperature}`;
  }

  // What is seen now, from which the next step is drawn as a smooth change.
  remember() {
    this.before = { car: this.env?.car, real: this.real.z, dream: this.dream?.z };
  }

  // The views and z, `share` of the way from the last but one step to the last.
  between(share) {
    const { mode, before, real, dream, vision, view, reconstruction, dreamView } = this;
    const now = { view, reconstruction, dreamView, z: real.z, dreamZ: dream?.z };
    if (share >= 1) return now;
    if (mode.real) {
      now.view = this.env.view(mixCars(before.car, this.env.car, share));
      now.z = mix(before.real, real.z, share);
      now.reconstruction = vision.decode(now.z);
    }
    if (mode.dream) {
      now.dreamZ = mix(before.dream, dream.z, share);
      now.dreamView = vision.decode(now.dreamZ);
    }
    return now;
  }

  // Encode the car's view.
  observe() {
    this.view = this.env.view();
    this.real.z = this.vision.encode(this.view);
    this.reconstruction = this.vision.decode(this.real.z);
  }

  // C's next action.
  decide() {
    const { z, state } = this.observed;
    this.features = this.controller.features(z, state);
    this.policyAction = Array.from(this.controller.act(this.features));
  }

  recordErrors() {
    if (!(this.mode.real && this.mode.dream)) return;
    this.errors.dream.push(meanError(this.dreamView, this.view));
    this.errors.reconstruction.push(meanError(this.reconstruction, this.view));
  }

  // One step, with C's action or with that of the keys.
  step(keyAction) {
    if (this.done) return;
    this.remember();
    this.byYou &&= this.driver === "you";
    this.action = this.driver === "c" ? this.policyAction : keyAction;
    this.steps += 1;
    let [realReward, dreamReward] = [0, 0];
    if (this.mode.real) {
      realReward = this.env.step(this.action);
      this.real.state = this.memory.step(this.real.z, this.action, this.real.state);
      this.observe();
      this.path.push({ ...this.env.car });
    }
    if (this.mode.dream) {
      dreamReward = this.dream.step(this.action);
      this.dreamView = this.vision.decode(this.dream.z);
    }
    const { real, dream } = this.returns;
    real.push(real.at(-1) + realReward);
    dream.push(dream.at(-1) + dreamReward);
    this.decide();
    this.recordErrors();
    if (this.done && this.byYou) this.recordBest();
  }

  recordBest() {
    const sum = (this.mode.real ? this.returns.real : this.returns.dream).at(-1);
    this.bests[this.contest] = Math.max(sum, this.bests[this.contest] ?? -Infinity);
  }
}

// Mean absolute error of pixels, in percent of the range from black to white.
function meanError(predicted, actual) {
  let sum = 0;
  for (let i = 0; i < actual.length; i++) sum += Math.abs(predicted[i] - actual[i]);
  return 100 * sum / actual.length;
}
