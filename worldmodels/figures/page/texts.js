// What is said on the page: once and for all, and at every step.
import { heights } from "./panels.js";
import { signed } from "./sheet.js";

const RACING_INTRO = "A car sees a small picture (V), remembers (M) and drives (C). M has learned "
  + "to guess what comes next, so one can also drive in its dream. All of it runs here, in your "
  + "browser.";
const DREAM_INTRO = "The dream of CarRacing. M has learned from recorded drives to guess what the "
  + "game shows next. Here there is no game, only that guess, and you can steer it.";

export const byId = (id) => document.getElementById(id);

// What stays as it is, and a button for each mode, which calls `choose` with its name.
export function fill(session, data, choose) {
  const [height, width, channels] = session.shape;
  const { controller, memory, zSize } = session;
  const all = (selector, text) =>
    document.querySelectorAll(selector).forEach((element) => { element.textContent = text; });
  const withH = controller.features > zSize;
  all(".pixels", `${height} × ${width} pixels`);
  all(".pixel-count", (height * width * channels).toLocaleString("en"));
  all(".z-size", zSize);
  all(".h-size", memory.hiddenSize);
  all(".inputs", withH ? "z and h" : "z alone");
  const counted = Object.values(data.controller.arrays).map(
    ({ shape }) => shape.reduce((product, side) => product * side, 1));
  all(".c-size", counted.reduce((sum, count) => sum + count, 0).toLocaleString("en"));
  document.body.style.setProperty("--aspect", `${width} / ${height}`);
  const high = heights(zSize, memory.hiddenSize, controller.features);
  byId("h").style.height = `${high.h}px`;
  byId("pushes").style.height = `${high.pushes}px`;
  byId("intro").textContent = session.racing ? RACING_INTRO : DREAM_INTRO;
  byId("steer-note").textContent = `of steer, ${session.left > 0 ? "more" : "less"} is to the left`;
  const rounded = data.bytes === 4 ? "as they are" : `rounded to ${8 * data.bytes} bits`;
  byId("colophon").textContent =
    `V: ${data.vision.kind}; M: ${data.memory.kind}`
    + (data.members > 1 ? `, the first of ${data.members}` : "")
    + `; C: ${data.controller.kind}. Weights ${rounded}. After D. Ha and J. Schmidhuber, World `
    + "Models, 2018. Drawn by stages/play.py from the models of the pipeline, in one file: it asks "
    + "nothing of the network.";
  byId("more-keys").hidden = !session.racing;
  byId("last-mode").textContent = Object.keys(session.modes).length;
  Object.entries(session.modes).forEach(([name, { label }], number) => {
    const button = document.createElement("button");
    button.textContent = label;
    button.dataset.mode = name;
    button.setAttribute("aria-keyshortcuts", number + 1);
    const key = document.createElement("kbd");
    key.textContent = number + 1;
    key.setAttribute("aria-hidden", "true");
    button.append(key);
    button.addEventListener("click", () => choose(name));
    byId("modes").append(button);
  });
}

// The line above the scene.
export function status(session, playing) {
  const { mode, steps, total, world, dream, driver } = session;
  const parts = [`Step ${steps} of ${session.settings.max_steps}`];
  if (mode.real) parts.push(`reward ${signed(total.real)}`);
  const foreseen = mode.dream && session.memory.predictsOutcome;
  if (foreseen) parts.push(`dreamt reward ${signed(total.dream)}`);
  if (mode.real) parts.push(`speed ${world.car.v.toFixed(2)} units/step`);
  if (mode.dream && !mode.real && !foreseen) parts.push("of rewards and ends this M knows nothing");
  if (foreseen && !dream.over) {
    parts.push(`chance of the end, says M: ${(100 * dream.risk).toFixed(0)} %`);
  }
  if (!session.over && driver === "you" && !playing) parts.push("press or touch an arrow to go");
  return [...parts, ...ends(session)].join(" · ");
}

// What has come to its end, and how.
export function ends(session) {
  const { mode, world, dream } = session;
  const said = [];
  if (mode.real && world.over) said.push(world.lost ? "lost, too far off the road" : "drive over");
  if (mode.dream && dream.ended) said.push("the dream is over: M takes the car for lost");
  else if (mode.dream && dream.over) said.push("dream over");
  return said;
}
