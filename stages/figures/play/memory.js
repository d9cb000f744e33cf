// Twin of stages/memory: an LSTM, what its state says of the next z and, where it has learned that,
// of what the step earns and whether it is the last.
import { addProduct, dense, sigmoid } from "./layers.js";

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

  // What the step to h earned, and the probability that it was the last; null if M does not know.
  outcome(h) {
    if (!this.predictsOutcome) return null;
    return {
      reward: dense(h, this.arrays, "reward")[0],
      end: sigmoid(dense(h, this.arrays, "end")[0]),
    };
  }
}

class PlainMemory extends RecurrentMemory {
  // The next z that a state h after the step stands for.
  predict(h) {
    return dense(h, this.arrays, "z");
  }

  // The same, and noise of the size of M's own error, its variance times the temperature.
  sample(h, uniform, normal, temperature) {
    const residual = this.arrays.residual.data;
    const noise = Math.sqrt(temperature);
    return this.predict(h).map((z, j) => z + noise * residual[j] * normal[j]);
  }
}

class MixtureMemory extends RecurrentMemory {
  // Shares, means and standard deviations of the Gaussians of number j of z: lists of K.
  mixture(y, j, temperature) {
    const size = y.length / this.zSize / 3;
    const third = (number) =>
      Array.from({ length: size }, (_, k) => y[(number * size + k) * this.zSize + j]);
    const logits = third(0).map((logit) => logit / temperature);
    const top = Math.max(...logits);
    const heights = logits.map((logit) => Math.exp(logit - top));
    const total = heights.reduce((sum, height) => sum + height, 0);
    const floor = this.arrays.sigma_floor.data[0];
    return {
      shares: heights.map((height) => height / total),
      means: third(1),
      sigmas: third(2).map((logarithm) => Math.exp(logarithm) + floor),
    };
  }

  predict(h) {
    const y = dense(h, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const { shares, means } = this.mixture(y, j, 1);
      return shares.reduce((sum, share, k) => sum + share * means[k], 0);
    });
  }

  // The temperature divides the logits, and the variance is multiplied with it.
  sample(h, uniform, normal, temperature) {
    const y = dense(h, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const { shares, means, sigmas } = this.mixture(y, j, temperature);
      let chosen = 0;
      for (let height = shares[0]; height <= uniform[j] && chosen < shares.length - 1;) {
        chosen += 1;
        height += shares[chosen];
      }
      return means[chosen] + Math.sqrt(temperature) * sigmas[chosen] * normal[j];
    });
  }
}

export function memoryOf(kind, arrays, zSize) {
  return kind === "mdn_lstm" ? new MixtureMemory(arrays, zSize) : new PlainMemory(arrays, zSize);
}
