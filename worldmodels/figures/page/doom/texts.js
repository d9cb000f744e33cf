// The texts of the page of Doom: those that stay, and those of each step.
import { inputNames, inputParts } from "controller.js";
import { TICS_A_SECOND } from "doom/dream.js";

export const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");
const seconds = (tics) => `${(tics / TICS_A_SECOND).toFixed(1)} s`;
const THRESHOLD = 1 / 3; // of an action, beyond which the player moves

// Write the texts that stay, and add a button for each mode, which calls `choose` with its name.
export function fill(game, data, choose) {
  const setAll = (selector, text) =>
    document.querySelectorAll(selector).forEach((element) => { element.textContent = text; });
  const { shape: [height, width], settings, memory, controller, zSize } = game;
  setAll(".pixels", `${height} × ${width} pixels`);
  setAll(".z-size", zSize);
  setAll(".h-size", memory.hiddenSize);
  setAll(".inputs", inputNames(inputParts(new Array(controller.inputSize), zSize,
    memory.hiddenSize)));
  const counts = Object.values(data.controller.arrays).map(
    ({ shape }) => shape.reduce((product, side) => product * side, 1));
  setAll(".c-size", number(counts.reduce((sum, count) => sum + count, 0)));
  document.querySelectorAll(".of-columns").forEach((element) => {
    element.hidden = game.columns === 1;
  });
  byId("step-length").textContent =
    `${settings.frame_skip} tics of ${TICS_A_SECOND} a second`;
  byId("start").max = game.startCount;
  byId("health-figure").hidden = byId("health").hidden = !settings.predicts_health;
  const most = settings.max_steps * settings.frame_skip;
  byId("most").textContent = `A dream is over after ${number(most)} tics (${seconds(most)}), as a `
    + "game is. A dream is M's guess of the game: how well C dodges, only the game can tell.";
  document.body.style.setProperty("--aspect", `${width} / ${height}`);
  byId("colophon").textContent = colophon(data);
  Object.entries(game.modes).forEach(([name, { label }], i) => {
    const button = document.createElement("button");
    button.textContent = label;
    button.dataset.mode = name;
    button.setAttribute("aria-keyshortcuts", i + 1);
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

// Write what each step changes.
export function writeStep(game, playing) {
  const { dream, driver, ghost, bests, contest, settings } = game;
  const parts = [`Step ${dream.steps} of ${settings.max_steps}`];
  if (!dream.done) parts.push(`M's probability of the end: ${(100 * dream.pDone).toFixed(0)} %`);
  byId("status").textContent = [...parts, ...endings(game)].join(" \u00b7 ");
  const own = number(dream.tics);
  byId("score-you").textContent = driver === "you" ? own : "\u2013";
  byId("score-c").textContent = driver === "c" ? own : ghost.done ? number(ghost.tics) : "\u2026";
  byId("score-best").textContent = contest in bests ? number(bests[contest]) : "\u2013";
  byId("tics").querySelector("b").textContent = own;
  byId("tics").querySelector("small").textContent = seconds(dream.tics);
  byId("health").querySelector("meter").value = dream.health;
  byId("health").querySelector("b").textContent = `${dream.health.toFixed(0)} %`;
  const direction = ([action]) => 1 + (action > THRESHOLD) - (action < -THRESHOLD);
  byId("moves").querySelectorAll("span").forEach((span, i) => {
    span.classList.toggle("taken", i === direction(game.action));
    span.classList.toggle("chosen", driver === "you" && i === direction(game.policyAction));
  });
  showMessage(game, playing);
}

// How the dream is over; empty if it is not.
export function endings({ dream, driver }) {
  if (!dream.done) return [];
  const player = driver === "c" ? "C is" : "You are";
  return [`${player} ${dream.terminated ? "dead" : "alive, and time is up"}`];
}

// Write over the dream that it is over, or how it starts.
function showMessage(game, playing) {
  const { dream, driver } = game;
  const message = byId("dream-message");
  const starts = driver === "you" && !playing && !dream.steps;
  message.hidden = !(dream.done || starts);
  if (message.hidden) return;
  message.querySelector("b").textContent =
    dream.done ? endings(game)[0] : "Press or touch an arrow";
  message.querySelector("span").textContent = dream.done ? verdict(game) : aim(game);
  message.querySelector("button").hidden = !dream.done;
}

function aim({ ghost }) {
  const rival = "C dreams from the same start";
  return ghost.done ? `${rival}: ${number(ghost.tics)} tics.` : `${rival}.`;
}

function verdict({ driver, dream, ghost, byYou }) {
  const own = `${number(dream.tics)} tics, ${seconds(dream.tics)}.`;
  if (driver === "c") return `C: ${own} An arrow lets you play.`;
  const winner = dream.tics > ghost.tics ? "you beat C"
    : dream.tics < ghost.tics ? "C is ahead" : "as long as C";
  return `You: ${own} C: ${number(ghost.tics)}: ${byYou ? winner : "C helped"}. `
    + "An arrow starts again.";
}
