// Twin of stages/nn: the layers that V and M are made of, forward only, one picture or step at a
// time. Arrays are flat, rows one behind the other.

export function sigmoid(x) {
  return 0.5 * Math.tanh(0.5 * x) + 0.5;
}

export const relu = (x) => Math.max(x, 0);

// x (I) to x W + b (O), with W (I, O).
export function dense(x, arrays, name) {
  const weight = arrays[`${name}.weight`].data;
  const y = Float32Array.from(arrays[`${name}.bias`].data);
  addProduct(x, weight, y);
  return y;
}

// y += x W.
export function addProduct(x, weight, y) {
  const outputs = y.length;
  for (let input = 0, at = 0; input < x.length; input++, at += outputs) {
    const value = x[input];
    if (value !== 0) {
      for (let output = 0; output < outputs; output++) y[output] += value * weight[at + output];
    }
  }
}

export function mapped(array, f) {
  for (let i = 0; i < array.length; i++) array[i] = f(array[i]);
  return array;
}

const STRIDE = 2;

// A picture is {height, width, data}, data (height, width, channels). Weight (K, K, C, O).
export function convolution({ height, width, data }, arrays, name) {
  const { shape, data: weight } = arrays[`${name}.weight`];
  const [kernel, , channels, outputs] = shape;
  const bias = arrays[`${name}.bias`].data;
  const [high, wide] = [height, width].map((side) => Math.floor((side - kernel) / STRIDE) + 1);
  const y = new Float32Array(high * wide * outputs);
  const line = kernel * channels; // the pixels of a window's row lie one behind the other
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const sum = y.subarray((row * wide + column) * outputs, (row * wide + column + 1) * outputs);
      sum.set(bias);
      for (let k = 0; k < kernel; k++) {
        const from = ((row * STRIDE + k) * width + column * STRIDE) * channels;
        const of = weight.subarray(k * line * outputs, (k + 1) * line * outputs);
        addProduct(data.subarray(from, from + line), of, sum);
      }
    }
  }
  return { height: high, width: wide, data: y };
}

// The adjoint of a convolution: weight (K, K, O, I).
export function transposedConvolution({ height, width, data }, arrays, name) {
  const { shape, data: weight } = arrays[`${name}.weight`];
  const [kernel, , outputs, inputs] = shape;
  const bias = arrays[`${name}.bias`].data;
  const [high, wide] = [height, width].map((side) => (side - 1) * STRIDE + kernel);
  const y = new Float32Array(high * wide * outputs);
  for (let at = 0; at < y.length; at += outputs) y.set(bias, at);
  const line = kernel * outputs;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * inputs;
      for (let k = 0; k < kernel; k++) {
        const to = ((row * STRIDE + k) * wide + column * STRIDE) * outputs;
        for (let output = 0, at = k * line * inputs; output < line; output++, at += inputs) {
          let sum = 0;
          for (let input = 0; input < inputs; input++) {
            sum += data[from + input] * weight[at + input];
          }
          y[to + output] += sum;
        }
      }
    }
  }
  return { height: high, width: wide, data: y };
}
