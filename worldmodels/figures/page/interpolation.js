// What lies between two steps: a number array, or a car's place, `share` of the way to the second.

export const mix = (from, to, share) =>
  Float32Array.from(to, (value, i) => from[i] + (value - from[i]) * share);

export function mixCars(from, to, share) {
  const between = (key) => from[key] + (to[key] - from[key]) * share;
  return { x: between("x"), y: between("y"), theta: between("theta") };
}
