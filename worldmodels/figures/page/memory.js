// Twin of worldmodels/memory: an LSTM with output heads that predict the next z and, if M was
// trained to, the reward of the step and the probability that it ends the episode.
import { addProduct, dense, mapInPlace, relu, sigmoid } from "layers.js";

class RecurrentMemory {
  constructor(arrays, zSize) {
    this.arrays = arrays;
    this.zSize = zSize;
    this.hiddenSize = arrays["lstm.hidden_weight"].shape[0];
    this.predictsRewardDone = "reward.weight" in arrays;
    this.predictsChange = "predicts_change" in arrays; // of z, and not the next z
  }

  // The state before the first step.
  initialState() {
    return { h: new Float32Array(this.hiddenSize), c: new Float32Array(this.hiddenSize) };
  }

  // The state after a step from z with an action.
  step(z, action, { h, c }) {
    const size = this.hiddenSize;
    const gates = Float32Array.from(this.arrays["lstm.bias"].data);
    const x = new Float32Array(z.length + action.length);
    x.set(z);
    x.set(action, z.length);
    addProduct(x, this.arrays["lstm.input_weight"].data, gates);
    addProduct(h, this.arrays["lstm.hidden_weight"].data, gates);
    const next = this.initialState();
    for (let j = 0; j < size; j++) {
      const input = sigmoid(gates[j]);
      const forget = sigmoid(gates[size + j]);
      const candidate = Math.tanh(gates[2 * size + j]);
      next.c[j] = forget * c[j] + input * candidate;
      next.h[j] = sigmoid(gates[3 * size + j]) * Math.tanh(next.c[j]);
    }
    return next;
  }

  // Input of the output heads: ReLU(h W + b), or h itself if there is no head layer.
  headFeatures(h) {
    return "head.weight" in this.arrays ? mapInPlace(dense(h, this.arrays, "head"), relu) : h;
  }

  // The mean of the next z, given z before the step.
  predict(features, z) {
    return this.nextZ(this.mean(features), z);
  }

  // A sample of the next z, given z before the step and noise.
  sample(features, z, uniform, normal, temperature) {
    return this.nextZ(this.draw(features, uniform, normal, temperature), z);
  }

  nextZ(output, z) {
    return this.predictsChange ? output.map((change, j) => z[j] + change) : output;
  }

  // The reward of the step, and the probability that it ends the episode; null if M predicts
  // neither.
  rewardAndDone(features) {
    if (!this.predictsRewardDone) return null;
    return {
      reward: dense(features, this.arrays, "reward")[0],
      done: sigmoid(dense(features, this.arrays, "done")[0]),
    };
  }
}

class DeterministicLSTM extends RecurrentMemory {
  mean(features) {
    return dense(features, this.arrays, "z");
  }

  // The mean and noise: the temperature multiplies the variance of the residuals.
  draw(features, uniform, normal, temperature) {
    const residual = this.arrays.residual.data;
    const noise = Math.sqrt(temperature);
    return this.mean(features).map((z, j) => z + noise * residual[j] * normal[j]);
  }
}

function softmax(logits, temperature) {
  const top = Math.max(...logits);
  const heights = Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  const total = heights.reduce((sum, height) => sum + height, 0);
  return heights.map((height) => height / total);
}

// The number of a mixture's component, sampled with a uniform number in [0, 1).
function sampleComponent(weights, uniform) {
  let component = 0;
  for (let sum = weights[0]; sum <= uniform && component < weights.length - 1;) {
    component += 1;
    sum += weights[component];
  }
  return component;
}

// A mixture of Gaussians for each dimension of z. The temperature divides the logits and multiplies
// the variance.
class MDNLSTM extends RecurrentMemory {
  // The mixture of dimension j: lists of K numbers.
  mixture(y, j) {
    const size = y.length / this.zSize / 3;
    const third = (number) =>
      Array.from({ length: size }, (_, k) => y[(number * size + k) * this.zSize + j]);
    const minStd = this.arrays.min_std.data[0];
    return {
      logits: third(0),
      means: third(1),
      sigmas: third(2).map((logarithm) => Math.exp(logarithm) + minStd),
    };
  }

  mean(features) {
    const y = dense(features, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const { logits, means } = this.mixture(y, j);
      return softmax(logits, 1).reduce((sum, weight, k) => sum + weight * means[k], 0);
    });
  }

  draw(features, uniform, normal, temperature) {
    const y = dense(features, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const { logits, means, sigmas } = this.mixture(y, j);
      const k = sampleComponent(softmax(logits, temperature), uniform[j]);
      return means[k] + Math.sqrt(temperature) * sigmas[k] * normal[j];
    });
  }
}

// One mixture for all of z: the first uniform number selects its component.
class JointMDNLSTM extends RecurrentMemory {
  mean(features) {
    const weights = softmax(dense(features, this.arrays, "logits"), 1);
    const y = dense(features, this.arrays, "z");
    return Float32Array.from({ length: this.zSize }, (_, j) =>
      weights.reduce((sum, weight, k) => sum + weight * y[k * this.zSize + j], 0),
    );
  }

  draw(features, uniform, normal, temperature) {
    const weights = softmax(dense(features, this.arrays, "logits"), temperature);
    const k = sampleComponent(weights, uniform[0]);
    const y = dense(features, this.arrays, "z");
    const minStd = this.arrays.min_std.data[0];
    return Float32Array.from({ length: this.zSize }, (_, j) => {
      const sigma = Math.exp(y[(weights.length + k) * this.zSize + j]) + minStd;
      return y[k * this.zSize + j] + Math.sqrt(temperature) * sigma * normal[j];
    });
  }
}

const KINDS = {
  lstm: DeterministicLSTM,
  mdn_lstm: MDNLSTM,
  joint_mdn_lstm: JointMDNLSTM,
};

export function makeMemory(kind, arrays, zSize) {
  return new KINDS[kind](arrays, zSize);
}
