// Twin of worldmodels/envs/racing: the track (track.py, random_track.py), its colours (paint.py),
// the camera (camera.py) and one car (env.py), with the same order of operations, so that every
// pixel is the same.

const SAMPLES = 256;
const GRID = 200;
const EXTENT = 12;

const THRUST = 0.10; // speed gained in a step of full throttle (world units / step)
const DRAG = 0.04; // share of the speed lost in a step
export const MAX_SPEED = 1.6; // world units / step
const TURN = 0.4; // heading gained in a step of full steering, per unit of speed (radians)
export const LAP_REWARD = 30; // for one lap forward
const OFF_ROAD_COST = 0.5; // per step and world unit beyond the edge of the road

const LINE_WIDTH = 0.25; // of the line along the edge of the road, on the road (world units)
const PALETTES = { // by number of channels: the colours, one after the other
  1: Float32Array.of(0, 1),
  3: Float32Array.from(
    [102, 204, 102, 102, 230, 102, 102, 102, 102, 255, 255, 255], (value) => value / 255),
};
const MAX_TRIES = 100; // of a random track, before the ranges are considered wrong

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

// A closed road, given as {radius, harmonics: [{order, amplitude, phase}], half_width}.
export class Track {
  constructor({ radius, harmonics, half_width: halfWidth }) {
    this.halfWidth = halfWidth;
    this.extent = EXTENT;
    this.x = new Float64Array(SAMPLES);
    this.y = new Float64Array(SAMPLES);
    const radii = [];
    for (let i = 0; i < SAMPLES; i++) {
      const s = i / SAMPLES;
      let sum = 0;
      for (const { order, amplitude, phase } of harmonics) {
        sum += amplitude * Math.cos(2 * Math.PI * order * s + phase);
      }
      const r = radius + sum;
      radii.push(r);
      this.x[i] = r * Math.cos(2 * Math.PI * s);
      this.y[i] = r * Math.sin(2 * Math.PI * s);
    }
    if (Math.min(...radii) <= halfWidth) throw new Error("the road closes over the middle");
    if (Math.max(...radii) + halfWidth > EXTENT) throw new Error("the road leaves the grid");
    this.checkBends();
  }

  // A U-turn with a radius of the half-width is pi half-widths long, and its ends are two
  // half-widths apart. Two points that are farther apart along the road but nearer to each other
  // are where the road touches itself.
  checkBends() {
    const { x, y, halfWidth } = this;
    const at = [];
    let length = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const next = (i + 1) % SAMPLES;
      at.push(length);
      length += Math.hypot(x[next] - x[i], y[next] - y[i]);
    }
    for (let i = 0; i < SAMPLES; i++) {
      for (let j = 0; j < i; j++) {
        const along = Math.min(at[i] - at[j], length - (at[i] - at[j]));
        const distanceSquared = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2;
        if (along > Math.PI * halfWidth && distanceSquared < (2 * halfWidth) ** 2) {
          throw new Error("the road touches itself");
        }
      }
    }
  }

  get heading() {
    return Math.atan2(this.y[1] - this.y[0], this.x[1] - this.x[0]);
  }

  // (grid, grid), row = y, column = x: 1 where the nearest sample is closer than `distance`.
  within(distance) {
    const pixel = 2 * EXTENT / (GRID - 1);
    const reach = Math.ceil(distance / pixel) + 1;
    const mask = new Uint8Array(GRID * GRID);
    for (let i = 0; i < SAMPLES; i++) {
      const [x, y] = [this.x[i], this.y[i]];
      const middle = Math.round((y + EXTENT) / pixel);
      const last = Math.min(GRID - 1, middle + reach);
      for (let row = Math.max(0, middle - reach); row <= last; row++) {
        const rowY = row === GRID - 1 ? EXTENT : row * pixel - EXTENT;
        const square = distance ** 2 - (rowY - y) ** 2;
        if (square <= 0) continue;
        const span = Math.sqrt(square);
        const begin = clip(Math.floor((x - span + EXTENT) / pixel) + 1, 0, GRID);
        const end = clip(Math.ceil((x + span + EXTENT) / pixel), 0, GRID);
        if (end > begin) mask.fill(1, row * GRID + begin, row * GRID + end);
      }
    }
    return mask;
  }

  // (grid, grid): the number of each pixel's colour. Grass is {side, patch, cells}: which of the
  // side x side patches, each `patch` pixels wide, are of lighter grass.
  paint(channels, grass) {
    const mask = this.within(this.halfWidth);
    if (channels === 1) return mask;
    const inner = this.within(Math.max(this.halfWidth - LINE_WIDTH, this.halfWidth / 2));
    return mask.map((onRoad, at) => {
      if (inner[at]) return 2;
      if (onRoad) return 3;
      const [row, column] = [Math.floor(at / GRID), at % GRID];
      const patch = Math.floor(row / grass.patch) * grass.side + Math.floor(column / grass.patch);
      return Number(grass.cells[patch]);
    });
  }
}

// A track with numbers drawn from ranges, redrawn until they make a valid track.
export function randomTrack(ranges, random) {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const harmonics = ranges.harmonics.map(({ order, amplitude }) => ({
      order,
      amplitude: random.between(amplitude),
      phase: random.between([0, 2 * Math.PI]),
    }));
    const radius = random.between(ranges.radius);
    try {
      return new Track({ radius, harmonics, half_width: random.between(ranges.half_width) });
    } catch {
      // draw again
    }
  }
  throw new Error(`none of ${MAX_TRIES} tracks drawn from the ranges is valid`);
}

// Looks up the raster's nearest pixel for every pixel of a view.
class Camera {
  constructor(track, { size, channels, reach }, grass) {
    this.channels = channels;
    this.ground = track.paint(channels, grass);
    const pixel = 2 * EXTENT / (GRID - 1);
    const step = 2 * reach / (size - 1);
    const axis = Array.from({ length: size }, (_, i) => i === size - 1 ? reach : i * step - reach);
    this.offsets = axis.flatMap((v) => axis.map((u) => [u / pixel, v / pixel]));
    this.scale = 1 / pixel;
    // The Python camera adds a margin to keep indices above 0. The same sum rounds the same way.
    this.margin = Math.ceil((track.halfWidth + MAX_SPEED + Math.hypot(reach, reach)) / pixel) + 1;
    this.middle = EXTENT / pixel + this.margin;
  }

  // (size * size * channels) in [0, 1]: the view of a car.
  view({ x, y, theta }) {
    const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
    const { channels, scale, middle, margin } = this;
    const palette = PALETTES[channels];
    const pixels = new Float32Array(this.offsets.length * channels);
    this.offsets.forEach(([u, v], at) => {
      const column = Math.trunc(-cos * v + sin * u + middle + x * scale) - margin;
      const row = Math.trunc(-cos * u - sin * v + middle + y * scale) - margin;
      const colour = this.ground[clip(row, 0, GRID - 1) * GRID + clip(column, 0, GRID - 1)];
      for (let c = 0; c < channels; c++) {
        pixels[at * channels + c] = palette[colour * channels + c];
      }
    });
    return pixels;
  }
}

// One car on one track. An action is [steer, throttle]; left is positive.
export class RacingEnv {
  constructor(track, { view, max_steps: maxSteps, grass }) {
    this.track = track;
    this.maxSteps = maxSteps;
    this.camera = new Camera(track, view, grass);
    this.squaredNorms = Float64Array.from(track.x, (x, i) => x ** 2 + track.y[i] ** 2);
    this.reset();
  }

  reset() {
    const { track } = this;
    this.car = { x: track.x[0], y: track.y[0], theta: track.heading, v: 0 };
    this.sample = 0;
    this.distance = 0;
    this.steps = 0;
    this.offTrack = false;
  }

  // Another car on the same track, at the start.
  copy() {
    const copy = Object.assign(Object.create(RacingEnv.prototype), this);
    copy.reset();
    return copy;
  }

  get done() {
    return this.offTrack || this.steps >= this.maxSteps;
  }

  get state() {
    return [this.car.x, this.car.y, this.car.theta, this.car.v];
  }

  // What the camera sees from the car, or from another place.
  view(car = this.car) {
    return this.camera.view(car);
  }

  // One step; returns the reward.
  step(action) {
    if (this.done) return 0;
    const [steer, throttle] = Array.from(action, (value) => clip(value, -1, 1));
    const car = { ...this.car };
    car.v += THRUST * throttle - DRAG * car.v;
    car.v = clip(car.v, 0, MAX_SPEED);
    car.theta += TURN * steer * car.v;
    car.x += car.v * Math.cos(car.theta);
    car.y += car.v * Math.sin(car.theta);
    this.car = car;

    const nearest = this.nearestSample();
    this.distance = Math.sqrt(
      (car.x - this.track.x[nearest]) ** 2 + (car.y - this.track.y[nearest]) ** 2);
    const half = SAMPLES / 2;
    const samples = (nearest - this.sample + half + SAMPLES) % SAMPLES - half; // the short way
    const progress = samples / SAMPLES;
    this.sample = nearest;
    this.steps += 1;
    this.offTrack = this.distance > 2 * this.track.halfWidth;
    const beyond = Math.max(this.distance - this.track.halfWidth, 0);
    return LAP_REWARD * progress - OFF_ROAD_COST * beyond;
  }

  // The number of the nearest sample of the centreline. |car|^2 is the same for all samples and is
  // left out of the squared distances.
  nearestSample() {
    const { x, y } = this.car;
    let nearest = 0;
    let least = Infinity;
    for (let i = 0; i < SAMPLES; i++) {
      const distance = this.squaredNorms[i] - 2 * this.track.x[i] * x - 2 * this.track.y[i] * y;
      if (distance < least) [nearest, least] = [i, distance];
    }
    return nearest;
  }
}
