// Twin of worldmodels/dream/env.py, for one episode and one M: M predicts the next z, the reward
// and the end of the episode.

export class DreamEnv {
  constructor(memory, random, maxSteps) {
    this.memory = memory;
    this.random = random;
    this.maxSteps = maxSteps;
    this.temperature = 1;
  }

  // Start at z, with a state of M after recorded steps, or with zeros.
  reset(z, state = this.memory.initialState()) {
    this.z = z;
    this.state = state;
    this.steps = 0;
    this.terminated = false;
    this.pDone = 0;
  }

  get done() {
    return this.terminated || this.steps >= this.maxSteps;
  }

  // One step; returns the reward, 0 if M predicts none.
  step(action) {
    if (this.done) return 0;
    this.state = this.memory.step(this.z, action, this.state);
    const features = this.memory.headFeatures(this.state.h);
    const uniform = Array.from(this.z, () => this.random.uniform());
    const normal = Array.from(this.z, () => this.random.normal());
    const doneThreshold = this.random.uniform();
    this.z = this.memory.sample(features, uniform, normal, this.temperature);
    const { reward, done } = this.memory.rewardAndDone(features) ?? { reward: 0, done: 0 };
    this.pDone = done;
    this.terminated = doneThreshold < done;
    this.steps += 1;
    return reward;
  }
}
