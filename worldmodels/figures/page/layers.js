// Twin of worldmodels/nn: the layers of V and M, forward only, one frame or step at a time. Arrays
// are flat, in row-major order.

export function sigmoid(x) {
  return 0.5 * Math.tanh(0.5 * x) + 0.5;
}

export const relu = (x) => Math.max(x, 0);

// x W + b (O), of x (I), W (I, O) and b (O).
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

export function mapInPlace(array, f) {
  for (let i = 0; i < array.length; i++) array[i] = f(array[i]);
  return array;
}

const STRIDE = 2;

// A feature map is {height, width, data}, with data (height, width, channels). The weight is
// (K, K, C, O).
export function convolution({ height, width, data }, arrays, name) {
  const { shape, data: weight } = arrays[`${name}.weight`];
  const [kernel, , channels, outputs] = shape;
  const bias = arrays[`${name}.bias`].data;
  const [outHeight, outWidth] =
    [height, width].map((side) => Math.floor((side - kernel) / STRIDE) + 1);
  const y = new Float32Array(outHeight * outWidth * outputs);
  const rowSize = kernel * channels; // a row of a window is contiguous
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      const start = (row * outWidth + column) * outputs;
      const sum = y.subarray(start, start + outputs);
      sum.set(bias);
      for (let k = 0; k < kernel; k++) {
        const from = ((row * STRIDE + k) * width + column * STRIDE) * channels;
        const rowWeight = weight.subarray(k * rowSize * outputs, (k + 1) * rowSize * outputs);
        addProduct(data.subarray(from, from + rowSize), rowWeight, sum);
      }
    }
  }
  return { height: outHeight, width: outWidth, data: y };
}

// The adjoint of a convolution, with a weight (K, K, O, I).
export function transposedConvolution({ height, width, data }, arrays, name) {
  const { shape, data: weight } = arrays[`${name}.weight`];
  const [kernel, , outputs, inputs] = shape;
  const bias = arrays[`${name}.bias`].data;
  const [outHeight, outWidth] = [height, width].map((side) => (side - 1) * STRIDE + kernel);
  const y = new Float32Array(outHeight * outWidth * outputs);
  for (let at = 0; at < y.length; at += outputs) y.set(bias, at);
  const rowSize = kernel * outputs;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * inputs;
      for (let k = 0; k < kernel; k++) {
        const to = ((row * STRIDE + k) * outWidth + column * STRIDE) * outputs;
        for (let output = 0, at = k * rowSize * inputs; output < rowSize; output++, at += inputs) {
          let sum = 0;
          for (let input = 0; input < inputs; input++) {
            sum += data[from + input] * weight[at + input];
          }
          y[to + output] += sum;
        }
      }
    }
  }
  return { height: outHeight, width: outWidth, data: y };
}
