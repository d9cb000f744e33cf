// The texts of the page: those that stay, and those of each step.
import { signed } from "canvas.js";
import { panelHeights } from "panels.js";

const RACING_INTRO = "A car sees a small image (V), remembers (M) and drives (C). M has learned to "
  + "predict what comes next, so you can also drive in its dream. Everything runs here, in your "
  + "browser.";
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
  setAll(".inputs", controller.inputSize > zSize ? "z and h" : "z alone");
  const counts = Object.values(data.controller.arrays).map(
    ({ shape }) => shape.reduce((product, side) => product * side, 1));
  setAll(".c-size", counts.reduce((sum, count) => sum + count, 0).toLocaleString("en"));
  document.body.style.setProperty("--aspect", `${width} / ${height}`);
  const heights = panelHeights(zSize, memory.hiddenSize, controller.inputSize);
  byId("h").style.height = `${heights.h}px`;
  byId("contributions").style.height = `${heights.contributions}px`;
  byId("intro").textContent = session.racing ? RACING_INTRO : DREAM_INTRO;
  byId("steer-note").textContent = `for steer, ${session.left > 0 ? "more" : "less"} is left`;
  byId("colophon").textContent = colophon(data);
  byId("racing-keys").hidden = !session.racing;
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

// Which models the page shows, and where it comes from.
function colophon(data) {
  const member = data.members > 1 ? `, the first of ${data.members}` : "";
  const precision = data.bytes === 4 ? "Weights in full precision"
    : `Weights rounded to ${8 * data.bytes} bits`;
  return `V: ${data.vision.kind}; M: ${data.memory.kind}${member}; C: ${data.controller.kind}. `
    + `${precision}. After D. Ha and J. Schmidhuber, World Models, 2018. Written by stages/play.py `
    + "from the models of the pipeline, as one file that needs no network.";
}

// The line above the scene.
export function status(session, playing) {
  const { mode, steps, returns, env, dream, driver } = session;
  const parts = [`Step ${steps} of ${session.settings.max_steps}`];
  if (mode.real) parts.push(`return ${signed(returns.real.at(-1))}`);
  const rewardInDream = mode.dream && session.memory.predictsRewardDone;
  if (rewardInDream) parts.push(`dream's return ${signed(returns.dream.at(-1))}`);
  if (mode.real) parts.push(`speed ${env.car.v.toFixed(2)} units/step`);
  if (mode.dream && !mode.real && !rewardInDream) {
    parts.push("this M predicts neither rewards nor the end");
  }
  if (rewardInDream && !dream.done) {
    parts.push(`M's probability of the end: ${(100 * dream.pDone).toFixed(0)} %`);
  }
  if (!session.done && driver === "you" && !playing) parts.push("press or touch an arrow to start");
  return [...parts, ...endings(session)].join(" · ");
}

// Which episodes are over, and why.
export function endings(session) {
  const { mode, env, dream } = session;
  const texts = [];
  if (mode.real && env.done) {
    texts.push(env.offTrack ? "over: too far off the road" : "episode over");
  }
  if (mode.dream && dream.terminated) texts.push("dream over: M predicts that the episode ends");
  else if (mode.dream && dream.done) texts.push("dream over");
  return texts;
}
