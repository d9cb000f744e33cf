// C's own drive from the start of the episode, as an aim beside yours: on the road as a second car,
// in a dream as a second dream with the same random numbers.

export class Ghost {
  // A ghost of a session whose episode has just begun.
  constructor({ vision, memory, controller, mode, env, real, makeDream }) {
    Object.assign(this, { vision, memory, controller });
    this.env = mode.real ? env.copy() : makeDream();
    ({ z: this.z, state: this.state } = mode.real ? real : this.env);
    this.path = mode.real ? [{ ...env.car }] : null;
    this.returns = [0];
  }

  get done() {
    return this.env.done;
  }

  get features() {
    return this.controller.features(this.z, this.state);
  }

  step() {
    const action = Array.from(this.controller.act(this.features));
    const reward = this.env.step(action);
    if (this.path) {
      this.state = this.memory.step(this.z, action, this.state);
      this.z = this.vision.encode(this.env.view());
      this.path.push({ ...this.env.car });
    } else {
      ({ z: this.z, state: this.state } = this.env);
    }
    this.returns.push(this.returns.at(-1) + reward);
  }

  // Drive at least that many steps, and go on for some milliseconds.
  run(steps, milliseconds = 0) {
    const end = performance.now() + milliseconds;
    while (!this.done && (this.returns.length <= steps || performance.now() < end)) this.step();
  }
}
