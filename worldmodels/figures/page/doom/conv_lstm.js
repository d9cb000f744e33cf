// Twin of worldmodels/memory/conv_lstm_memory.py: a convolutional LSTM over the columns of a
// picture, with a head for z at each column, and one for the reward and the end.
import { addProduct, dense, mapInPlace, relu, sigmoid } from "layers.js";
import { fillWindows } from "doom/columns.js";

const [Z_KERNEL, H_KERNEL, HEAD_KERNEL] = [5, 3, 3]; // columns of a window
const [MAX_Z, MAX_LOG_STD] = [10, 2];

// z as M sees it.
const limited = (z) => z.map((value) => Math.max(-MAX_Z, Math.min(MAX_Z, value)));

export class ConvLSTMMemory {
  constructor(arrays, zSize) {
    this.arrays = arrays;
    this.zSize = zSize;
    this.columns = arrays.columns.data[0];
    this.units = arrays["lstm.bias"].shape[0] / 4; // of a column
    this.hiddenSize = this.columns * this.units;
    this.headUnits = arrays["head.bias"].shape[0];
    this.predictsRewardDone = "done.weight" in arrays;
    this.predictsChange = "predicts_change" in arrays; // of z, and not the next z
    this.places = Float32Array.from({ length: this.columns },
      (_, column) => (this.columns > 1 ? 2 * column / (this.columns - 1) - 1 : -1));
  }

  // The state before the first step.
  initialState() {
    return { h: new Float32Array(this.hiddenSize), c: new Float32Array(this.hiddenSize) };
  }

  // What M sees of an action: its numbers, or their directions, and their sizes.
  seen(action) {
    const threshold = this.arrays.action_threshold.data[0];
    const numbers = Array.from(action,
      (value) => (threshold ? Math.sign(value) * (Math.abs(value) > threshold) : value));
    return [...numbers, ...numbers.map(Math.abs)];
  }

  // The state after a step from z with an action.
  step(z, action, { h, c }) {
    const { arrays, columns, units } = this;
    const zWindow = Z_KERNEL * z.length / columns;
    const seen = this.seen(action);
    const hStart = zWindow + seen.length + 2;
    const size = hStart + H_KERNEL * units;
    const x = new Float32Array(columns * size);
    fillWindows(limited(z), columns, Z_KERNEL, x, size);
    this.fillRest(x, size, zWindow, seen);
    fillWindows(h, columns, H_KERNEL, x, size, hStart);
    const shared = Float32Array.from(arrays["lstm.bias"].data);
    addProduct(this.pooled(h), arrays["lstm.pooled_weight"].data, shared);
    const next = this.initialState();
    for (let column = 0; column < columns; column++) {
      const gates = shared.slice();
      const own = x.subarray(column * size, (column + 1) * size);
      addProduct(own, arrays["lstm.weight"].data, gates);
      for (let j = 0; j < units; j++) {
        const at = column * units + j;
        const candidate = Math.tanh(gates[2 * units + j]);
        next.c[at] = sigmoid(gates[units + j]) * c[at] + sigmoid(gates[j]) * candidate;
        next.h[at] = sigmoid(gates[3 * units + j]) * Math.tanh(next.c[at]);
      }
    }
    return next;
  }

  // Write what is seen of the action, and the place, into the rows of x from `start` on.
  fillRest(x, rowSize, start, seen) {
    this.places.forEach((place, column) =>
      x.set([...seen, place, Math.abs(place)], column * rowSize + start));
  }

  // The mean of h over all columns, and the mean of h times the place.
  pooled(h) {
    const { columns, units, places } = this;
    const pooled = new Float32Array(2 * units);
    for (let column = 0; column < columns; column++) {
      for (let j = 0; j < units; j++) {
        const value = h[column * units + j] / columns;
        pooled[j] += value;
        pooled[units + j] += value * places[column];
      }
    }
    return pooled;
  }

  // The hidden layers before the heads: those of the columns, and that of the reward and the end.
  // z is that before the step, h that after it.
  headFeatures(h, z, action) {
    const { arrays, columns, units, headUnits } = this;
    const seen = this.seen(action);
    const [zSeen, hWindow] = [limited(z), HEAD_KERNEL * units];
    const rest = hWindow + HEAD_KERNEL * z.length / columns;
    const size = rest + seen.length + 2;
    const x = new Float32Array(columns * size);
    fillWindows(h, columns, HEAD_KERNEL, x, size);
    fillWindows(zSeen, columns, HEAD_KERNEL, x, size, hWindow);
    this.fillRest(x, size, rest, seen);
    const ofColumns = columns * headUnits;
    const outcome = this.predictsRewardDone
      ? dense(Float32Array.of(...h, ...zSeen, ...seen), arrays, "outcome") : [];
    const features = new Float32Array(ofColumns + outcome.length);
    for (let column = 0; column < columns; column++) {
      const own = x.subarray(column * size, (column + 1) * size);
      features.set(dense(own, arrays, "head"), column * headUnits);
    }
    features.set(outcome, ofColumns);
    return mapInPlace(features, relu);
  }

  // What the heads say of z: its mean, and the logarithm of its deviation less `min_std`.
  outputs(features) {
    const { arrays, columns, zSize, headUnits } = this;
    const numbers = zSize / columns;
    const [mean, logStd] = [new Float32Array(zSize), new Float32Array(zSize)];
    for (let column = 0; column < columns; column++) {
      const own = features.subarray(column * headUnits, (column + 1) * headUnits);
      const y = dense(own, arrays, "z");
      mean.set(y.subarray(0, numbers), column * numbers);
      logStd.set(y.subarray(numbers), column * numbers);
    }
    return { mean, logStd: logStd.map((value) => Math.min(value, MAX_LOG_STD)) };
  }

  // The mean of the next z, given z before the step.
  predict(features, z) {
    return this.nextZ(this.outputs(features).mean, z);
  }

  // A sample of the next z, given z before the step and noise; the temperature multiplies the
  // variance. A Gaussian needs no uniform numbers.
  sample(features, z, uniform, normal, temperature) {
    const { mean, logStd } = this.outputs(features);
    const [noise, minStd] = [Math.sqrt(temperature), this.arrays.min_std.data[0]];
    const sampled = mean.map(
      (value, j) => value + noise * (Math.exp(logStd[j]) + minStd) * normal[j]);
    return this.nextZ(sampled, z);
  }

  nextZ(output, z) {
    return this.predictsChange ? output.map((change, j) => z[j] + change) : output;
  }

  // The reward of the step, and the probability that it ends the episode; null if M predicts
  // neither.
  rewardAndDone(features) {
    if (!this.predictsRewardDone) return null;
    const own = features.subarray(this.columns * this.headUnits);
    const [low, high] = this.arrays.reward_range.data;
    return {
      reward: high - (high - low) * sigmoid(-dense(own, this.arrays, "reward")[0]),
      done: sigmoid(dense(own, this.arrays, "done")[0]),
    };
  }
}
