// The models of the article, from its data, and the roads that they drive on.
import { Controller } from "controller.js";
import { RacingEnv, randomTrack } from "env.js";
import { makeMemory } from "memory.js";
import { Random } from "random.js";
import { makeVision } from "vision.js";
import { unpack } from "weights.js";

function unpackAgent(data) {
  const { env, bytes, vision, memory, controller } = data;
  const visionArrays = unpack(vision.arrays, bytes);
  const memoryArrays = unpack(memory.arrays, bytes);
  const zSize = visionArrays["decoder.weight"]?.shape[0] ?? visionArrays["project.weight"].shape[0];
  return {
    env,
    zSize,
    vision: makeVision(vision.kind, visionArrays, env.shape),
    memory: makeMemory(memory.kind, memoryArrays, zSize),
    controller: new Controller(unpack(controller.arrays, bytes)),
  };
}

// {racing, cold, warm, carracing}: agents of V, M and C with their environment's params.
export function makeAgents(data) {
  const cold = unpackAgent(data.cold);
  const warm = {
    ...cold, controller: new Controller(unpack(data.warm.controller.arrays, data.cold.bytes)) };
  cold.temperature = data.temperatures.cold;
  warm.temperature = data.temperatures.warm;
  const carracing = unpackAgent(data.carracing);
  carracing.temperature = data.carracing.temperature;
  carracing.steps = data.carracing.steps;
  carracing.starts = unpack(data.carracing.starts, 4);
  return { racing: unpackAgent(data.racing), cold, warm, carracing };
}

const tracks = new Map(); // by the ranges of their numbers and by seed

// The racing environment on the random road of a seed. The same road is one object, because
// `drawTrack` keeps the image of the last one only, and two experiments can be on the screen.
export function makeRoad(env, seed) {
  const key = JSON.stringify([env.random_tracks, seed]);
  if (!tracks.has(key)) tracks.set(key, randomTrack(env.random_tracks, new Random(seed)));
  return new RacingEnv(tracks.get(key), env);
}
