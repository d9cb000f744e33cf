// Twin of stages/vision: pictures to z, the mean of it where it is a distribution, and back.
import { convolution, dense, mapped, relu, sigmoid, transposedConvolution } from "./layers.js";

// autoencoder and vae: one hidden layer each way.
class DenseVision {
  constructor(arrays, code) {
    this.arrays = arrays;
    this.code = code;
  }

  // Pixels (D) in [0, 1] to z (Z).
  encode(pixels) {
    return dense(mapped(dense(pixels, this.arrays, "encoder"), Math.tanh), this.arrays, this.code);
  }

  // z (Z) to pixels (D) in [0, 1].
  decode(z) {
    const hidden = mapped(dense(z, this.arrays, "decoder"), Math.tanh);
    return mapped(dense(hidden, this.arrays, "logits"), sigmoid);
  }
}

class ConvolutionalVision {
  // `drawn` is the height and width of what the first transposed convolution is given.
  constructor(arrays, [height, width], drawn) {
    this.arrays = arrays;
    this.height = height;
    this.width = width;
    this.drawn = drawn;
    const layers = (start) => Object.keys(arrays).filter((name) =>
      name.startsWith(start) && name.endsWith(".weight")).map((name) => name.split(".")[0]).sort();
    this.encoder = layers("conv");
    this.decoder = layers("deconv");
  }

  encode(pixels) {
    let x = { height: this.height, width: this.width, data: pixels };
    for (const name of this.encoder) {
      x = convolution(x, this.arrays, name);
      mapped(x.data, relu);
    }
    return dense(x.data, this.arrays, "mean");
  }

  decode(z) {
    const [height, width] = this.drawn;
    let x = { height, width, data: dense(z, this.arrays, "spread") };
    this.decoder.forEach((name, number) => {
      x = transposedConvolution(x, this.arrays, name);
      mapped(x.data, number < this.decoder.length - 1 ? relu : sigmoid);
    });
    return x.data;
  }
}

// V of a kind, for pictures of this shape: height, width, channels.
export function visionOf(kind, arrays, shape) {
  if (kind === "autoencoder") return new DenseVision(arrays, "z");
  if (kind === "vae") return new DenseVision(arrays, "mean");
  const drawn = "conv3.weight" in arrays ? [1, 1] : [5, 6];
  return new ConvolutionalVision(arrays, shape, drawn);
}
