// Twin of worldmodels/dream/env.py, for one episode and one M: M predicts the next z, the reward
// and the end of the episode.

export class DreamEnv {
  // The episode also ends after `patience` steps without a new high of the return, if M predicts
  // rewards; the pipeline's dreams have no such end.
  constructor(memory, random, maxSteps, patience = Infinity) {
    this.memory = memory;
    this.random = random;
    this.maxSteps = maxSteps;
    this.patience = memory.predictsRewardDone ? patience : Infinity;
    this.temperature = 1;
  }

  // Start at z, with a state of M after recorded steps, or with zeros.
  reset(z, state = this.memory.initialState()) {
    this.z = z;
    this.state = state;
    this.steps = 0;
    this.terminated = false;
    this.pDone = 0;
    this.return = 0;
    this.peak = 0; // of the return
    this.sincePeak = 0; // steps
  }

  get stalled() {
    return this.sincePeak >= this.patience;
  }

  get done() {
    return this.terminated || this.stalled || this.steps >= this.maxSteps;
  }

  // One step; returns the reward, 0 if M predicts none.
  step(action) {
    if (this.done) return 0;
    this.state = this.memory.step(this.z, action, this.state);
    const features = this.memory.headFeatures(this.state.h);
    const uniform = Array.from(this.z, () => this.random.uniform());
    const normal = Array.from(this.z, () => this.random.normal());
    const doneThreshold = this.random.uniform();
    this.z = this.memory.sample(features, this.z, uniform, normal, this.temperature);
    const { reward, done } = this.memory.rewardAndDone(features) ?? { reward: 0, done: 0 };
    this.pDone = done;
    this.terminated = doneThreshold < done;
    this.steps += 1;
    this.return += reward;
    this.sincePeak = this.return > this.peak ? 0 : this.sincePeak + 1;
    this.peak = Math.max(this.peak, this.return);
    return reward;
  }
}
