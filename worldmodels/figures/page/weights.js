// Weights as stages/figures/play_page.py packs them: of each float32 the `bytes` highest bytes, in
// base64.

export function unpacked(arrays, bytes) {
  const whole = {};
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    const packed = atob(data);
    const count = packed.length / bytes;
    const raw = new Uint8Array(4 * count);
    for (let number = 0; number < count; number++) {
      for (let byte = 0; byte < bytes; byte++) {
        raw[4 * number + 4 - bytes + byte] = packed.charCodeAt(bytes * number + byte);
      }
    }
    whole[name] = { shape, data: new Float32Array(raw.buffer) };
  }
  return whole;
}
