// Twin of stages/control/controller.py: a = tanh(W x + b), or the same behind a hidden layer.

export class Controller {
  constructor(arrays) {
    this.layers = ["layer1", "layer2"].filter((name) => `${name}.weight` in arrays).map((name) => ({
      weight: arrays[`${name}.weight`].data, // (O, I)
      bias: arrays[`${name}.bias`].data, // (O)
      inputs: arrays[`${name}.weight`].shape[1],
    }));
    this.features = this.layers[0].inputs;
  }

  // z and h, or z alone if C knows no more.
  seen(z, h) {
    const features = new Float32Array(this.features);
    features.set(z);
    if (this.features > z.length) features.set(h, z.length);
    return features;
  }

  // Features (F) to actions (A) in (-1, 1).
  act(features) {
    return this.layers.reduce(layerOutput, features);
  }

  // What each feature adds to the sum before an action's tanh: one list of F for each action.
  // Behind a hidden layer it is the slope there times the feature.
  pushes(features) {
    const [first, second] = this.layers;
    const through = (row) =>
      Array.from(features, (x, i) => first.weight[row * first.inputs + i] * x);
    if (!second) return Array.from(first.bias, (_, action) => through(action));
    const hidden = layerOutput(features, first);
    const rows = Array.from(hidden, (_, row) => through(row));
    const slope = (action, k) => second.weight[action * second.inputs + k] * (1 - hidden[k] ** 2);
    return Array.from(second.bias, (_, action) => Array.from(features, (__, i) =>
      rows.reduce((sum, row, k) => sum + slope(action, k) * row[i], 0)));
  }
}

function layerOutput(x, { weight, bias, inputs }) {
  return bias.map((start, output) => {
    let sum = start;
    for (let input = 0; input < inputs; input++) sum += weight[output * inputs + input] * x[input];
    return Math.tanh(sum);
  });
}
