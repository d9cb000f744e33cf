// Seeded random numbers: mulberry32 (Tommy Ettinger), the same on every machine. It is not NumPy's
// generator: track 7 of this page is not a track of the pipeline.

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
    this.spare = null;
  }

  // A number in [0, 1) with 32 random bits.
  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  between([low, high]) {
    return low + (high - low) * this.uniform();
  }

  // A number from N(0, 1), by the Box-Muller transform, which gives two at a time.
  normal() {
    if (this.spare !== null) {
      const normal = this.spare;
      this.spare = null;
      return normal;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}
