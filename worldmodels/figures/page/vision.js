// Twin of worldmodels/vision: encodes frames as z (a VAE's mean of z) and decodes z again.
import { convolution, dense, mapInPlace, relu, sigmoid, transposedConvolution } from "layers.js";

// autoencoder and vae: one hidden layer each way.
class DenseVision {
  // `zLayer` is the name of the layer whose output is z.
  constructor(arrays, zLayer) {
    this.arrays = arrays;
    this.zLayer = zLayer;
  }

  // z (Z) of pixels (D) in [0, 1].
  encode(pixels) {
    const hidden = mapInPlace(dense(pixels, this.arrays, "encoder"), Math.tanh);
    return dense(hidden, this.arrays, this.zLayer);
  }

  // Pixels (D) in [0, 1] of z (Z).
  decode(z) {
    const hidden = mapInPlace(dense(z, this.arrays, "decoder"), Math.tanh);
    return mapInPlace(dense(hidden, this.arrays, "logits"), sigmoid);
  }
}

class ConvVAE {
  // `decoderIn` is the height and width of the first transposed convolution's input.
  constructor(arrays, [height, width], decoderIn) {
    this.arrays = arrays;
    this.height = height;
    this.width = width;
    this.decoderIn = decoderIn;
    const layers = (start) => Object.keys(arrays).filter((name) =>
      name.startsWith(start) && name.endsWith(".weight")).map((name) => name.split(".")[0]).sort();
    this.encoder = layers("conv");
    this.decoder = layers("deconv");
  }

  encode(pixels) {
    let x = { height: this.height, width: this.width, data: pixels };
    for (const name of this.encoder) {
      x = convolution(x, this.arrays, name);
      mapInPlace(x.data, relu);
    }
    return dense(x.data, this.arrays, "mean");
  }

  decode(z) {
    const [height, width] = this.decoderIn;
    let x = { height, width, data: dense(z, this.arrays, "project") };
    this.decoder.forEach((name, i) => {
      x = transposedConvolution(x, this.arrays, name);
      mapInPlace(x.data, i < this.decoder.length - 1 ? relu : sigmoid);
    });
    return x.data;
  }
}

// A V of this kind, for frames of this shape (height, width, channels).
export function makeVision(kind, arrays, shape) {
  if (kind === "autoencoder") return new DenseVision(arrays, "z");
  if (kind === "vae") return new DenseVision(arrays, "mean");
  const decoderIn = "conv3.weight" in arrays ? [1, 1] : [5, 6];
  return new ConvVAE(arrays, shape, decoderIn);
}
