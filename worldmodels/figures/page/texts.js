// The texts of the page that stay.
import { inputNames, inputParts } from "controller.js";
import { panelHeights } from "panels.js";

const RACING_INTRO = "A car sees a small image (V), remembers (M) and drives (C). M has learned to "
  + "predict what comes next, so you can drive in its dream.";
const DREAM_INTRO = "The dream of CarRacing. M has learned from recorded episodes to predict what "
  + "the game shows next. The game itself does not run here: you steer through M's predictions.";

export const byId = (id) => document.getElementById(id);

// Write the texts that stay, and add a button for each mode, which calls `choose` with its name.
export function fill(session, data, choose) {
  const [height, width, channels] = session.shape;
  const { controller, memory, zSize } = session;
  const setAll = (selector, text) =>
    document.querySelectorAll(selector).forEach((element) => { element.textContent = text; });
  setAll(".pixels", `${height} × ${width} pixels`);
  setAll(".pixel-count", (height * width * channels).toLocaleString("en"));
  setAll(".z-size", zSize);
  setAll(".h-size", memory.hiddenSize);
  const parts = inputParts(new Array(controller.inputSize), zSize, memory.hiddenSize);
  setAll(".inputs", parts.length > 1 ? inputNames(parts) : "z alone");
  const counts = Object.values(data.controller.arrays).map(
    ({ shape }) => shape.reduce((product, side) => product * side, 1));
  setAll(".c-size", counts.reduce((sum, count) => sum + count, 0).toLocaleString("en"));
  document.body.style.setProperty("--aspect", `${width} / ${height}`);
  // The marker is as large as the car on the road, of which a view shows 2 reach.
  if (session.racing) document.body.style.setProperty("--marker", `${100 / data.env.view.reach}%`);
  const heights = panelHeights(zSize, memory.hiddenSize, controller.inputSize);
  byId("h").style.height = `${heights.h}px`;
  byId("contributions").style.height = `${heights.contributions}px`;
  byId("intro").textContent = session.racing ? RACING_INTRO : DREAM_INTRO;
  byId("steer-note").textContent = `for steer, ${session.left > 0 ? "more" : "less"} is left`;
  byId("colophon").textContent = colophon(data);
  // The kinds of params.yaml at the root, the reference recipe.
  byId("better").hidden = !(data.vision.kind === "autoencoder" && data.memory.kind === "lstm"
    && !memory.predictsRewardDone);
  byId("racing-keys").hidden = !session.racing;
  document.body.dataset.env = data.env.kind;
  const course = session.racing ? "track" : "start";
  setAll(".course-kind", course);
  byId("course-name").textContent = session.racing ? "Track" : "Start";
  byId("track-setting").title = session.racing
    ? "Every whole number gives a track; 0 is the fixed track"
    : "The recorded moments at which dreams start, after the first second's zoom";
  [byId("track-seed").min, byId("track-seed").max] = session.trackSeeds;
  byId("own-temperature").textContent = data.temperature.toFixed(2);
  byId("fantasy-text").textContent = fantasy(session);
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

// What a sum of dreamt rewards is worth.
function fantasy({ racing, scales }) {
  const most = scales.returns.most.toLocaleString("en");
  const limit = racing
    ? `a car at full speed along the inner edge of the road earns ${most}`
    : `the game has ${most} for all tiles of a lap, less 0.1 a frame`;
  return "is M's guesses, added up. Nothing in a dream counts the road that is left, so "
    + `the sum may pass what is possible (${limit}): such a number is M's fantasy, and only the `
    + `${racing ? "road" : "game"} can tell how well C drives.`;
}

// Which models the page shows, and where it comes from.
function colophon(data) {
  const member = data.members > 1 ? `, the first of ${data.members}` : "";
  const precision = data.bytes === 4 ? "Weights in full precision"
    : `Weights rounded to ${8 * data.bytes} bits`;
  return `V: ${data.vision.kind}; M: ${data.memory.kind}${member}; C: ${data.controller.kind}. `
    + `${precision}. After D. Ha and J. Schmidhuber, World Models, 2018. Written by stages/play.py `
    + "from the models of the pipeline, as one file that needs no network.";
}
