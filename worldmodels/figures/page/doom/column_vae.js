// Twin of worldmodels/vision/column_vae.py: decodes z. A dream encodes no picture.
import { addProduct, dense, mapInPlace, relu, sigmoid } from "layers.js";
import { fillWindows } from "doom/columns.js";

const NEIGHBOURS = 3; // columns whose z the decoder of one sees

export class ColumnVAE {
  constructor(arrays) {
    this.arrays = arrays;
    this.columns = arrays["decoder1.bias"].shape[0];
    [this.height, this.columnWidth, this.channels] = arrays["logits.bias"].shape;
  }

  // Pixels (height, width, channels) in [0, 1] of z (Z).
  decode(z) {
    const { arrays, columns } = this;
    const inputs = NEIGHBOURS * z.length / columns;
    const x = new Float32Array(columns * inputs);
    fillWindows(z, columns, NEIGHBOURS, x, inputs);
    const { shape: [, units], data: bias } = arrays["decoder1.bias"];
    const pixels = new Float32Array(columns * arrays["logits.bias"].data.length);
    for (let column = 0; column < columns; column++) {
      const hidden = bias.slice(column * units, (column + 1) * units);
      addProduct(x.subarray(column * inputs, (column + 1) * inputs),
        arrays["decoder1.weight"].data, hidden);
      const second = mapInPlace(dense(mapInPlace(hidden, relu), arrays, "decoder2"), relu);
      this.place(mapInPlace(dense(second, arrays, "logits"), sigmoid), column, pixels);
    }
    return pixels;
  }

  // Copy the pixels of a column (height, columnWidth, channels) to their place in the picture.
  place(own, column, pixels) {
    const size = this.columnWidth * this.channels; // of a row
    for (let row = 0; row < this.height; row++) {
      pixels.set(own.subarray(row * size, (row + 1) * size), (row * this.columns + column) * size);
    }
  }
}
