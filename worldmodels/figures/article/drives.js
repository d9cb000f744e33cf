// A car on the road with V, M and C, and C in a dream of M: one step after the other.
import { DreamEnv } from "dream.js";
import { Random } from "random.js";

// C's action for z and M's state. `mask` has 0 for each number of z that C does not get.
function decide(controller, z, state, mask) {
  const seen = mask ? z.map((value, i) => value * mask[i]) : z;
  const features = controller.features(seen, state);
  return { features, action: Array.from(controller.act(features)) };
}

export class RoadDrive {
  constructor(agent, env, mask = null) {
    this.agent = agent;
    this.env = env;
    this.mask = mask;
    this.restart();
  }

  restart() {
    const { agent, env } = this;
    env.reset();
    this.usesMemory = agent.controller.inputSize > agent.zSize;
    this.state = agent.memory.initialState();
    this.path = [{ ...env.car }];
    this.returns = [0]; // sums of the rewards, by step
    this.observe();
  }

  get done() {
    return this.env.done;
  }

  get steps() {
    return this.returns.length - 1;
  }

  get return() {
    return this.returns.at(-1);
  }

  observe() {
    const { vision, controller } = this.agent;
    this.view = this.env.view();
    this.z = vision.encode(this.view);
    Object.assign(this, decide(controller, this.z, this.state, this.mask));
  }

  step() {
    if (this.done) return;
    const reward = this.env.step(this.action);
    if (this.usesMemory) this.state = this.agent.memory.step(this.z, this.action, this.state);
    this.path.push({ ...this.env.car });
    this.returns.push(this.return + reward);
    this.observe();
  }

  finish() {
    while (!this.done) this.step();
    return this;
  }
}

export class DreamDrive {
  // The dream begins at z, with a state of M.
  constructor(agent, { z, state, steps, temperature, seed }) {
    this.agent = agent;
    this.dream = new DreamEnv(agent.memory, new Random(seed), steps);
    this.dream.temperature = temperature;
    this.dream.reset(z, state ?? agent.memory.initialState());
    this.returns = [0];
    this.decide();
  }

  get done() {
    return this.dream.done;
  }

  get steps() {
    return this.returns.length - 1;
  }

  get return() {
    return this.returns.at(-1);
  }

  get view() {
    return this.agent.vision.decode(this.dream.z);
  }

  decide() {
    const { z, state } = this.dream;
    this.policyAction = decide(this.agent.controller, z, state).action;
  }

  // One step with C's action, or with another one.
  step(action = this.policyAction) {
    if (this.done) return;
    const reward = this.dream.step(action);
    this.returns.push(this.return + reward);
    this.decide();
  }
}

// A drive to its end: for each step the view, z, and M's state before it.
export function record(agent, env) {
  const drive = new RoadDrive(agent, env);
  drive.usesMemory = true;
  const moments = [];
  for (;;) {
    moments.push({ view: drive.view, z: drive.z, state: drive.state, return: drive.return });
    if (drive.done) return moments;
    drive.step();
  }
}
