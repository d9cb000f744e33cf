// Twin of stages/memory: an LSTM, what a readout of its state says of the next z and, where it has
// learned that, of what the step earns and whether it is the last.
import { addProduct, dense, mapped, relu, sigmoid } from "./layers.js";

class RecurrentMemory {
  constructor(arrays, zSize) {
    this.arrays = arrays;
    this.zSize = zSize;
    this.hiddenSize = arrays["lstm.hidden_weight"].shape[0];
    this.predictsOutcome = "reward.weight" in arrays;
  }

  // The state before anything has been seen.
  empty() {
    return { h: new Float32Array(this.hiddenSize), c: new Float32Array(this.hiddenSize) };
  }

  // z, an action and a state to the next state.
  step(z, action, { h, c }) {
    const size = this.hiddenSize;
    const gates = Float32Array.from(this.arrays["lstm.bias"].data);
    const x = new Float32Array(z.length + action.length);
    x.set(z);
    x.set(action, z.length);
    addProduct(x, this.arrays["lstm.input_weight"].data, gates);
    addProduct(h, this.arrays["lstm.hidden_weight"].data, gates);
    const next = this.empty();
    for (let j = 0; j < size; j++) {
      const input = sigmoid(gates[j]);
      const forget = sigmoid(gates[size + j]);
      const candidate = Math.tanh(gates[2 * size + j]);
      next.c[j] = forget * c[j] + input * candidate;
      next.h[j] = sigmoid(gates[3 * size + j]) * Math.tanh(next.c[j]);
    }
    return next;
  }

  // What all is said of, given a state h after the step.
  readout(h) {
    return "readout.weight" in this.arrays ? mapped(dense(h, this.arrays, "readout"), relu) : h;
  }

  // What the step to a readout earned, and the probability that it was the last; null if M does not
  // know.
  outcome(readout) {
    if (!this.predictsOutcome) return null;
    return {
      reward: dense(readout, this.arrays, "reward")[0],
      end: sigmoid(dense(readout, this.arrays, "end")[0]),
    };
  }
}

class PlainMemory extends RecurrentMemory {
  // The next z that a readout stands for.
  predict(readout) {
    return dense(readout, this.arrays, "z");
  }

  // The same, and noise of the size of M's own error, its variance times the temperature.
  sample(readout, uniform, normal, temperature) {
    const residual = this.arrays.residual.data;
    const noise = Math.sqrt(temperature);
    return this.predict(readout).map((z, j) => z + noise * residual[j] * normal[j]);
  }
}

// Numbers that sum to 1.
function sharesOf(logits, temperature) {
  const top = Math.max(...logits);
  const heights = Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  const total = heights.reduce((sum, height) => sum + height, 0);
  return heights.map((height) => height / total);
}

// Which of them is chosen, by a number in [0, 1).
function chosenOf(shares, uniform) {
  let chosen = 0;
  for (let height = shares[0]; height <= uniform && chosen < shares.length - 1;) {
    chosen += 1;
    height += shares[chosen];
  }
  return chosen;
}

// A mixture for each number of z. The temperature divides the logits, and the variance is
// multiplied with it.
class MixtureMemory extends RecurrentMemory {
  // What stands for number j of z: lists of K.
  mixture(y, j) {
    const size = y.length / this.zSize / 3;
    const third = (number) =>
      Array.from({ length: size }, (_, k) => y[(number * size + k) * this.zSize + j]);
    const floor = this.arrays.sigma_floor.data[0];
    return {
      logits: third(0),
      means: third(1),
      sigmas: third(2).map((logarithm) => Math.exp(logarithm) + floor),
    };
  }

  predict(readout) {
    const y = dense(readout, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const { logits, means } = this.mixture(y, j);
      return sharesOf(logits, 1).reduce((sum, share, k) => sum + share * means[k], 0);
    });
  }

  sample(readout, uniform, normal, temperature) {
    const y = dense(readout, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const { logits, means, sigmas } = this.mixture(y, j);
      const chosen = chosenOf(sharesOf(logits, temperature), uniform[j]);
      return means[chosen] + Math.sqrt(temperature) * sigmas[chosen] * normal[j];
    });
  }
}

// One mixture for all of z: the first number of the uniform noise chooses.
class JointMixtureMemory extends RecurrentMemory {
  predict(readout) {
    const shares = sharesOf(dense(readout, this.arrays, "choice"), 1);
    const y = dense(readout, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) =>
      shares.reduce((sum, share, k) => sum + share * y[k * this.zSize + j], 0),
    );
  }

  sample(readout, uniform, normal, temperature) {
    const shares = sharesOf(dense(readout, this.arrays, "choice"), temperature);
    const chosen = chosenOf(shares, uniform[0]);
    const y = dense(readout, this.arrays, "z");
    const floor = this.arrays.sigma_floor.data[0];
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const sigma = Math.exp(y[(shares.length + chosen) * this.zSize + j]) + floor;
      return y[chosen * this.zSize + j] + Math.sqrt(temperature) * sigma * normal[j];
    });
  }
}

const KINDS = {
  lstm: PlainMemory,
  mdn_lstm: MixtureMemory,
  joint_mdn_lstm: JointMixtureMemory,
};

export function memoryOf(kind, arrays, zSize) {
  return new KINDS[kind](arrays, zSize);
}
