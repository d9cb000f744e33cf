// Searches for C in dreams of M, as stages/evolve_c.py does, in small parts: each `advance` dreams
// one dream of one candidate, so that the page can draw in between.
import { Controller } from "controller.js";
import { DreamEnv } from "dream.js";
import { Random } from "random.js";
import { SepCMAES } from "article/evolution.js";

const ACTIONS = 2; // steering and throttle

// A linear C on z of a genome: the weights (A, Z), then the biases (A).
export function controllerOf(genome, zSize) {
  const split = ACTIONS * zSize;
  return new Controller({
    "layer1.weight": { shape: [ACTIONS, zSize], data: Float32Array.from(genome.slice(0, split)) },
    "layer1.bias": { shape: [ACTIONS], data: Float32Array.from(genome.slice(split)) },
  });
}

export class DreamSearch {
  // `starts` are z of first frames. Candidates of a generation dream from the same starts, with the
  // same random numbers.
  constructor(memory, starts, settings) {
    const { population, generations, dreams, steps, sigma, temperature, seed } = settings;
    Object.assign(this, { memory, starts, generations, dreams, steps, temperature });
    this.zSize = starts[0].length;
    this.random = new Random(seed);
    const genome = new Array(ACTIONS * (this.zSize + 1)).fill(0);
    this.strategy = new SepCMAES(genome, sigma, population, () => this.random.normal());
    this.means = [this.strategy.mean]; // of the distribution, by generation
    this.history = []; // {best, mean, worst}: the fitness of each generation's candidates
    [this.candidate, this.number] = [0, 0]; // that are next
    this.lastGeneration = null; // its candidates' fitness, and the last z of their last dreams
    this.begin();
  }

  get generation() {
    return this.history.length;
  }

  get done() {
    return this.generation >= this.generations;
  }

  // Dreams dreamt so far.
  get dreamCount() {
    const candidates = this.generation * this.strategy.population + this.candidate;
    return candidates * this.dreams + this.number;
  }

  begin() {
    this.candidates = this.strategy.ask();
    this.returns = this.candidates.map(() => 0);
    this.lastZ = this.candidates.map(() => this.starts[0]);
    this.episodes = Array.from({ length: this.dreams }, () => ({
      start: this.starts[Math.floor(this.random.uniform() * this.starts.length)],
      seed: Math.floor(this.random.uniform() * 4294967296),
    }));
  }

  // One dream of one candidate; after the last one of a generation, the next generation.
  advance() {
    if (this.done) return;
    const { start, seed } = this.episodes[this.number];
    const controller = controllerOf(this.candidates[this.candidate], this.zSize);
    const { reward, z } = this.dream(controller, start, seed);
    this.returns[this.candidate] += reward / this.dreams;
    this.lastZ[this.candidate] = z;
    this.number += 1;
    if (this.number < this.dreams) return;
    this.number = 0;
    this.candidate += 1;
    if (this.candidate < this.candidates.length) return;
    this.strategy.tell(this.returns);
    this.means.push(this.strategy.mean);
    this.lastGeneration = { returns: this.returns, lastZ: this.lastZ };
    this.history.push({
      best: Math.max(...this.returns),
      mean: this.returns.reduce((sum, value) => sum + value, 0) / this.returns.length,
      worst: Math.min(...this.returns),
    });
    [this.candidate, this.number] = [0, 0];
    if (!this.done) this.begin();
  }

  // A C's sum of rewards in a dream, and the last z.
  dream(controller, start, seed) {
    const dream = new DreamEnv(this.memory, new Random(seed), this.steps);
    dream.temperature = this.temperature;
    dream.reset(start);
    let reward = 0;
    while (!dream.done) {
      reward += dream.step(controller.act(controller.features(dream.z, dream.state)));
    }
    return { reward, z: dream.z };
  }
}
