// The scales of the figures. A page has the same ones for all its episodes, so that a bar or a line
// can be compared with that of a minute ago; what is beyond is drawn at the edge.
import { LAP_REWARD, MAX_SPEED } from "env.js";

const STEPS = 24; // of C, from which the scales of z and of C's contributions are taken
const ROOM = 1.25; // of a scale, beyond the largest of these values
const CARRACING_RETURNS = { low: -100, high: 1500, most: 1000 };

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// {z, contributions, returns: {low, high, most}, error}; `most` is what the environment can give.
export function fixedScales(session, ghost) {
  let z = 0;
  let contributions = null;
  for (let step = 0; step < STEPS && !ghost.done; step++) {
    z = Math.max(z, largest(ghost.z));
    const rows = session.controller.contributions(ghost.features).map(largest);
    contributions = contributions ? rows.map((row, i) => Math.max(row, contributions[i])) : rows;
    ghost.step();
  }
  return {
    z: Math.max(1, Math.ceil(2 * ROOM * z) / 2),
    contributions: contributions.map((limit) => Math.max(0.1, limit)),
    returns: session.racing ? racingReturns(session.settings) : CARRACING_RETURNS,
    error: session.shape[2] === 1 ? 60 : 30, // percent
  };
}

// The most is that of a car at full speed along the inner edge of the road.
function racingReturns({ fixed_track: { radius, half_width: halfWidth }, max_steps: steps }) {
  const lap = 2 * Math.PI * (radius - halfWidth);
  const most = 10 * Math.ceil(LAP_REWARD * MAX_SPEED * steps / lap / 10);
  return { low: -20, high: most, most };
}
