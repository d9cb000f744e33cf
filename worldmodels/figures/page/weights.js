// Unpacks the weights that `pack` in page.py packs: the highest bytes of each float32, in base64.

export function unpack(arrays, bytesPerWeight) {
  const unpacked = {};
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    const packed = atob(data);
    const count = packed.length / bytesPerWeight;
    const raw = new Uint8Array(4 * count);
    for (let i = 0; i < count; i++) {
      for (let byte = 0; byte < bytesPerWeight; byte++) {
        raw[4 * i + 4 - bytesPerWeight + byte] = packed.charCodeAt(bytesPerWeight * i + byte);
      }
    }
    unpacked[name] = { shape, data: new Float32Array(raw.buffer) };
  }
  return unpacked;
}
