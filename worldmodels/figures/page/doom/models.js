// V and M of Doom: those of columns, and the kinds that all environments have.
import { makeMemory as makeLSTM } from "memory.js";
import { makeVision as makeOther } from "vision.js";
import { ColumnVAE } from "doom/column_vae.js";
import { ConvLSTMMemory } from "doom/conv_lstm.js";

const STRIDE = 2; // of conv_vae's layers

export function makeVision(kind, arrays, shape) {
  if (kind === "column_vae") return new ColumnVAE(arrays);
  const vision = makeOther(kind, arrays, shape);
  if (kind === "conv_vae") vision.decoderIn = decoderInput(arrays, shape);
  return vision;
}

// Height and width of the first transposed convolution's input, from those of the picture.
function decoderInput(arrays, [height, width]) {
  const layers = Object.keys(arrays).filter((name) => /^deconv.*weight$/.test(name)).sort();
  return layers.reduceRight((sides, name) =>
    sides.map((side) => (side - arrays[name].shape[0]) / STRIDE + 1), [height, width]);
}

export function makeMemory(kind, arrays, zSize) {
  return kind === "conv_lstm" ? new ConvLSTMMemory(arrays, zSize) : makeLSTM(kind, arrays, zSize);
}
