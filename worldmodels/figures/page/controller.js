// Twin of worldmodels/controller: a = tanh(W x + b), or the same after a hidden layer.

export class Controller {
  constructor(arrays) {
    this.layers = ["layer1", "layer2"].filter((name) => `${name}.weight` in arrays).map((name) => ({
      weight: arrays[`${name}.weight`].data, // (O, I)
      bias: arrays[`${name}.bias`].data, // (O)
      inputs: arrays[`${name}.weight`].shape[1],
    }));
    this.inputSize = this.layers[0].inputs;
  }

  // C's input: z, and M's h and c as far as C takes them, in the order z, c, h.
  features(z, { h, c }) {
    const features = new Float32Array(this.inputSize);
    features.set(z);
    if (this.inputSize > z.length) features.set(h, this.inputSize - h.length);
    if (this.inputSize > z.length + h.length) features.set(c, z.length);
    return features;
  }

  // Actions (A) in (-1, 1), given features (F).
  act(features) {
    return this.layers.reduce(layerOutput, features);
  }

  // What each feature adds to the sum before an action's tanh: one list of F numbers per action.
  // With a hidden layer it is the gradient times the feature.
  contributions(features) {
    const [first, second] = this.layers;
    const products = (row) =>
      Array.from(features, (x, i) => first.weight[row * first.inputs + i] * x);
    if (!second) return Array.from(first.bias, (_, action) => products(action));
    const hidden = layerOutput(features, first);
    const rows = Array.from(hidden, (_, row) => products(row));
    const slope = (action, k) => second.weight[action * second.inputs + k] * (1 - hidden[k] ** 2);
    return Array.from(second.bias, (_, action) => Array.from(features, (__, i) =>
      rows.reduce((sum, row, k) => sum + slope(action, k) * row[i], 0)));
  }
}

// A list of one number for each of C's inputs in parts: [["z", [...]], ["c", [...]], ["h", [...]]],
// without what C does not take.
export function inputParts(inputs, zSize, hiddenSize) {
  const ofH = Math.max(zSize, inputs.length - hiddenSize);
  return [["z", inputs.slice(0, zSize)], ["c", inputs.slice(zSize, ofH)], ["h", inputs.slice(ofH)]]
    .filter(([, part]) => part.length);
}

// "z", "z and h" or "z, c and h".
export function inputNames(parts) {
  return parts.map(([name]) => name).join(", ").replace(/, (?=.$)/, " and ");
}

function layerOutput(x, { weight, bias, inputs }) {
  return bias.map((start, output) => {
    let sum = start;
    for (let input = 0; input < inputs; input++) sum += weight[output * inputs + input] * x[input];
    return Math.tanh(sum);
  });
}
