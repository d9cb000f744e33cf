// Twin of stages/worlds: the road (track.py, random_track.py), its paint (paint.py), the camera
// (camera.py) and one car (racing.py), in the same order of operations, to the same last pixel.

const SAMPLES = 256;
const GRID = 200;
const EXTENT = 12;

const THRUST = 0.10; // speed gained in a step of full throttle (world units / step)
const DRAG = 0.04; // share of the speed lost in a step
const MAX_SPEED = 1.6; // world units / step
const TURN = 0.4; // heading gained in a step of full steering, per unit of speed (radians)
const LAP_REWARD = 30; // for one lap forward
const OFF_ROAD_COST = 0.5; // per step and world unit beyond the edge of the road

const LINE_WIDTH = 0.25; // of the line along the edge of the road, on the road (world units)
const PALETTES = { // channels -> the paints, one behind the other
  1: Float32Array.of(0, 1),
  3: Float32Array.from(
    [102, 204, 102, 102, 230, 102, 102, 102, 102, 255, 255, 255], (value) => value / 255),
};
const MOST_TRIES = 100; // before the ranges are held to be wrong

const clip = (value, least, most) => Math.min(Math.max(value, least), most);

// One closed road: numbers are {radius, harmonics: [{order, amplitude, phase}], half_width}.
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

  // A U-turn of the half-width's radius is pi half-widths long, and its ends are two apart: what is
  // longer and nearer together touches.
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
        const apart = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2;
        if (along > Math.PI * halfWidth && apart < (2 * halfWidth) ** 2) {
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
    const near = new Uint8Array(GRID * GRID);
    for (let i = 0; i < SAMPLES; i++) {
      const [x, y] = [this.x[i], this.y[i]];
      const middle = Math.round((y + EXTENT) / pixel);
      const last = Math.min(GRID - 1, middle + reach);
      for (let row = Math.max(0, middle - reach); row <= last; row++) {
        const across = row === GRID - 1 ? EXTENT : row * pixel - EXTENT;
        const square = distance ** 2 - (across - y) ** 2;
        if (square <= 0) continue;
        const span = Math.sqrt(square);
        const begin = clip(Math.floor((x - span + EXTENT) / pixel) + 1, 0, GRID);
        const end = clip(Math.ceil((x + span + EXTENT) / pixel), 0, GRID);
        if (end > begin) near.fill(1, row * GRID + begin, row * GRID + end);
      }
    }
    return near;
  }

  // (grid, grid): the number of each pixel's paint. Grass is {side, patch, cells}: whether each of
  // side x side patches of so many pixels is of lighter grass.
  painted(channels, grass) {
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

// A road drawn from ranges, again and again until one is a road.
export function randomTrack(ranges, random) {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const harmonics = ranges.harmonics.map(({ order, amplitude }) => ({
      order,
      amplitude: random.between(amplitude),
      phase: random.between([0, 2 * Math.PI]),
    }));
    const radius = random.between(ranges.radius);
    try {
      return new Track({ radius, harmonics, half_width: random.between(ranges.half_width) });
    } catch {
      // the next one, perhaps
    }
  }
  throw new Error(`none of ${MOST_TRIES} roads drawn from the ranges is one`);
}

// Looks up, for every pixel, the raster's nearest neighbour.
class Camera {
  constructor(track, { size, channels, reach }, grass) {
    this.channels = channels;
    this.ground = track.painted(channels, grass);
    const pixel = 2 * EXTENT / (GRID - 1);
    const step = 2 * reach / (size - 1);
    const axis = Array.from({ length: size }, (_, i) => i === size - 1 ? reach : i * step - reach);
    this.sights = axis.flatMap((v) => axis.map((u) => [u / pixel, v / pixel]));
    this.scale = 1 / pixel;
    // Python adds a margin to keep indices above 0; the same sum is rounded the same way.
    this.margin = Math.ceil((track.halfWidth + MAX_SPEED + Math.hypot(reach, reach)) / pixel) + 1;
    this.middle = EXTENT / pixel + this.margin;
  }

  // (size * size * channels) in [0, 1].
  picture({ x, y, theta }) {
    const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
    const { channels, scale, middle, margin } = this;
    const palette = PALETTES[channels];
    const pixels = new Float32Array(this.sights.length * channels);
    this.sights.forEach(([u, v], at) => {
      const column = Math.trunc(-cos * v + sin * u + middle + x * scale) - margin;
      const row = Math.trunc(-cos * u - sin * v + middle + y * scale) - margin;
      const paint = this.ground[clip(row, 0, GRID - 1) * GRID + clip(column, 0, GRID - 1)];
      for (let c = 0; c < channels; c++) pixels[at * channels + c] = palette[paint * channels + c];
    });
    return pixels;
  }
}

// One car, alone on its track. An action is [steer, throttle], left is positive.
export class RacingWorld {
  constructor(track, { view, max_steps: maxSteps, grass }) {
    this.track = track;
    this.maxSteps = maxSteps;
    this.camera = new Camera(track, view, grass);
    this.nearness = Float64Array.from(track.x, (x, i) => x ** 2 + track.y[i] ** 2);
    this.reset();
  }

  reset() {
    const { track } = this;
    this.car = { x: track.x[0], y: track.y[0], theta: track.heading, v: 0 };
    this.sample = 0;
    this.distance = 0;
    this.laps = 0;
    this.steps = 0;
    this.lost = false;
  }

  get over() {
    return this.lost || this.steps >= this.maxSteps;
  }

  get state() {
    return [this.car.x, this.car.y, this.car.theta, this.car.v];
  }

  view() {
    return this.camera.picture(this.car);
  }

  // One step on; the reward of it.
  step(action) {
    if (this.over) return 0;
    const [steer, throttle] = Array.from(action, (value) => clip(value, -1, 1));
    const car = { ...this.car };
    car.v += THRUST * throttle - DRAG * car.v;
    car.v = clip(car.v, 0, MAX_SPEED);
    car.theta += TURN * steer * car.v;
    car.x += car.v * Math.cos(car.theta);
    car.y += car.v * Math.sin(car.theta);
    this.car = car;

    const nearest = this.nearest();
    this.distance = Math.sqrt(
      (car.x - this.track.x[nearest]) ** 2 + (car.y - this.track.y[nearest]) ** 2);
    const half = SAMPLES / 2;
    const ahead = (nearest - this.sample + half + SAMPLES) % SAMPLES - half;
    const progress = ahead / SAMPLES; // the short way round
    this.sample = nearest;
    this.laps += progress;
    this.steps += 1;
    this.lost = this.distance > 2 * this.track.halfWidth;
    const beyond = Math.max(this.distance - this.track.halfWidth, 0);
    return LAP_REWARD * progress - OFF_ROAD_COST * beyond;
  }

  // The squared distance but for |p|^2, which is the same for all samples.
  nearest() {
    const { x, y } = this.car;
    let best = 0;
    let least = Infinity;
    for (let i = 0; i < SAMPLES; i++) {
      const apart = this.nearness[i] - 2 * this.track.x[i] * x - 2 * this.track.y[i] * y;
      if (apart < least) [best, least] = [i, apart];
    }
    return best;
  }
}
