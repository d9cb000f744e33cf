// One dream of Take Cover: M predicts the next z, the reward and the end. Twin of
// worldmodels/dream/env.py for one episode and one M.

export const TICS_A_SECOND = 35; // of the game
const FULL_HEALTH = 100;
const HEALTH_VALUE = 1; // of a point of health in the rewards; as in worldmodels/envs/doom/task.py
const LEAST_LOSS = 5; // of health; a smaller one is M's error about a step without a hit

export class Dream {
  // `settings` are those of the environment, and `predicts_health`: whether the rewards that M
  // predicts say what the player's health changes by, beside the tics of a step.
  constructor(memory, random, settings) {
    this.memory = memory;
    this.random = random;
    this.settings = settings;
    this.temperature = 1;
  }

  // Start at z, with a state of M after recorded steps.
  reset(z, state) {
    this.z = z;
    this.state = state;
    this.steps = 0;
    this.terminated = false;
    this.pDone = 0;
    this.loss = 0; // of health in the last step
    this.health = FULL_HEALTH;
    this.healths = [FULL_HEALTH]; // by step
    this.risks = [0]; // M's probabilities of the end, by step
  }

  get done() {
    return this.terminated || this.steps >= this.settings.max_steps;
  }

  get tics() {
    return this.steps * this.settings.frame_skip;
  }

  step(action) {
    if (this.done) return;
    const { memory, random, settings, z } = this;
    this.state = memory.step(z, action, this.state);
    const features = memory.headFeatures(this.state.h, z, action);
    const uniform = Array.from(z, () => random.uniform());
    const normal = Array.from(z, () => random.normal());
    const doneThreshold = random.uniform();
    this.z = memory.sample(features, z, uniform, normal, this.temperature);
    const { reward, done } = memory.rewardAndDone(features);
    this.pDone = done;
    this.terminated = doneThreshold < done;
    this.steps += 1;
    if (settings.predicts_health) this.count((settings.frame_skip - reward) / HEALTH_VALUE);
    this.risks.push(done);
  }

  // Take from the health what M predicts; the dead have none.
  count(loss) {
    this.loss = loss < LEAST_LOSS ? 0 : loss;
    this.health = this.terminated ? 0 : Math.max(0, this.health - this.loss);
    this.healths.push(this.health);
  }
}
