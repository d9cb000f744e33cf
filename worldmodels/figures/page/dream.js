// Twin of stages/worlds/dream.py, for one car and one M: what is seen next, what it earns and
// whether it is the end are what M says.

export class Dream {
  constructor(memory, random, maxSteps) {
    this.memory = memory;
    this.random = random;
    this.maxSteps = maxSteps;
    this.temperature = 1;
  }

  // Fall asleep at z, with the state of an M that was awake till then, or none.
  reset(z, state = this.memory.empty()) {
    this.z = z;
    this.state = state;
    this.steps = 0;
    this.ended = false;
    this.risk = 0;
  }

  get over() {
    return this.ended || this.steps >= this.maxSteps;
  }

  // One step on; what it earned, 0 where M does not know.
  step(action) {
    if (this.over) return 0;
    this.state = this.memory.step(this.z, action, this.state);
    const readout = this.memory.readout(this.state.h);
    const uniform = Array.from(this.z, () => this.random.uniform());
    const normal = Array.from(this.z, () => this.random.normal());
    const fate = this.random.uniform();
    this.z = this.memory.sample(readout, uniform, normal, this.temperature);
    const outcome = this.memory.outcome(readout) ?? { reward: 0, end: 0 };
    this.risk = outcome.end;
    this.ended = fate < outcome.end;
    this.steps += 1;
    return outcome.reward;
  }
}
