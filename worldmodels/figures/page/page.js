// Entry point: modes and controls, keys and touch, and the loop that steps and draws.
import { Figures } from "figures.js";
import { Session } from "session.js";
import { byId, endings, fill, status } from "texts.js";

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const MAX_STEPS_PER_FRAME = 4; // a tab that was in the background does not catch up
const EASE = 0.4; // share of the way to the pressed keys that wheel and pedal move in a step
const FULL = [0.8, 1]; // action of the keys at full lock, and at full throttle
const MAX_TRACK = 999999;

const data = JSON.parse(byId("data").textContent);
const session = new Session(data);
const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

let playing = !reducedMotion.matches;
// Steps per second, by driver: people are slower than C. A step of CarRacing is 0.08 s of the game.
const speeds = session.racing ? { c: 8, you: 5 } : { c: 12, you: 12 };
let stepsDue = 0; // with the started one as a fraction
let lastTime = null;
let dirty = true;
let keyAction = [0, 0];
const pressed = new Set();

const redraw = () => { dirty = true; };
const figures = new Figures(session, redraw);

// -- controls

function choose(name) {
  session.setMode(name);
  startEpisode();
}

// An episode that the keys drive starts with the first key.
function startEpisode() {
  stepsDue = 0;
  keyAction = [0, 0];
  figures.resetScales();
  playing = !reducedMotion.matches && session.driver === "c";
  updateControls();
}

function restart() {
  session.restart();
  startEpisode();
}

function pause() {
  if (session.done) {
    restart();
    playing = true;
  } else {
    playing = !playing;
  }
  updateControls();
}

function singleStep() {
  playing = false;
  advance();
  updateControls();
}

function toggleDriver() {
  session.driver = session.driver === "c" ? "you" : "c";
  updateControls();
}

function goToTrack(seed) {
  if (!session.racing) return;
  session.setTrack(seed);
  startEpisode();
}

function dreamFromHere() {
  if (!(session.mode.real && session.mode.dream)) return;
  session.startDream();
  updateControls();
}

// Show the session's settings in the controls.
function updateControls() {
  const { mode, driver } = session;
  const both = mode.real && mode.dream;
  Object.assign(document.body.dataset, { real: mode.real, dream: mode.dream, driver });
  document.querySelectorAll("#modes button").forEach((button) =>
    button.setAttribute("aria-pressed", button.dataset.mode === session.modeName));
  const show = (id, visible) => { byId(id).hidden = !visible; };
  ["map", "view-figure", "reconstruction-figure"].forEach((id) => show(id, mode.real));
  show("dream-figure", mode.dream);
  show("error-figure", both);
  show("dream-here", both);
  show("driver", mode.dream);
  show("temperature-setting", mode.dream);
  show("temperature-note", !mode.real);
  show("track-setting", session.racing);
  show("next-track", session.racing);
  show("reward-figure", mode.real || session.memory.predictsRewardDone);
  byId("pause").textContent = session.done ? "Again" : playing ? "Pause" : "Play";
  byId("step").disabled = session.done;
  byId("driver").textContent = `Driver: ${driver === "c" ? "C" : "you"}`;
  byId("track-seed").value = session.trackSeed;
  byId("speed").value = speeds[driver];
  byId("speed-value").textContent = `${speeds[driver]} steps/s`;
  byId("temperature-value").textContent = session.temperature.toFixed(2);
  byId("z-note").textContent = both ? "; the wide marks are the dream's" : "";
  byId("actions-note").textContent = driver === "you" ? "; hollow marks: C's choice" : "";
  byId("reward-note").textContent = both && !session.memory.predictsRewardDone
    ? "(this M predicts no rewards)" : mode.real ? "" : "as M predicts them";
  byId("news").textContent =
    [mode.label, byId("driver").textContent, ...endings(session)].join(", ");
  redraw();
}

// -- driving

function advance() {
  const target = [
    session.left * (pressed.has("ArrowLeft") - pressed.has("ArrowRight")),
    pressed.has("ArrowUp") - pressed.has("ArrowDown"),
  ];
  keyAction = keyAction.map((value, i) => value + EASE * (FULL[i] * target[i] - value));
  session.step(keyAction);
  if (session.done) {
    playing = false;
    updateControls();
  }
  redraw();
}

function press(arrow) {
  pressed.add(arrow);
  if (session.driver === "c" && session.mode.dream) session.driver = "you";
  if (session.driver === "you" && !session.done && !playing) playing = true;
  updateControls();
}

const COMMANDS = {
  p: pause,
  ".": singleStep,
  r: restart,
  c: () => session.mode.dream && toggleDriver(),
  n: () => goToTrack(session.trackSeed + 1),
  w: dreamFromHere,
};

function onKeyDown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches?.("input");
  if (ARROWS.includes(event.key) && !typing) {
    event.preventDefault(); // do not scroll
    if (!event.repeat) press(event.key);
    return;
  }
  if (typing && event.target.type === "number") return;
  if (event.key === " " && !event.target.matches?.("button, input")) {
    event.preventDefault();
    pause();
    return;
  }
  const mode = Object.keys(session.modes)[Number(event.key) - 1];
  if (mode) choose(mode);
  else COMMANDS[event.key.toLowerCase()]?.();
}

function listen() {
  byId("pause").addEventListener("click", pause);
  byId("step").addEventListener("click", singleStep);
  byId("restart").addEventListener("click", restart);
  byId("driver").addEventListener("click", toggleDriver);
  byId("dream-here").addEventListener("click", dreamFromHere);
  byId("next-track").addEventListener("click", COMMANDS.n);
  byId("track-seed").addEventListener("change", ({ target }) =>
    goToTrack(Math.max(0, Math.min(MAX_TRACK, Math.trunc(Number(target.value)) || 0))));
  byId("speed").addEventListener("input", ({ target }) => {
    speeds[session.driver] = Number(target.value);
    updateControls();
  });
  byId("temperature").addEventListener("input", ({ target }) => {
    session.setTemperature(10 ** (Number(target.value) / 10)); // from 0.01 to 10
    updateControls();
  });
  window.addEventListener("keydown", onKeyDown);
  window.addEventListener("keyup", ({ key }) => pressed.delete(key));
  window.addEventListener("blur", () => pressed.clear());
  document.querySelectorAll("#pad button").forEach((button) => {
    const release = () => {
      pressed.delete(button.dataset.key);
      button.classList.remove("pressed");
    };
    button.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      button.classList.add("pressed");
      press(button.dataset.key);
    });
    ["pointerup", "pointercancel", "lostpointercapture"].forEach(
      (name) => button.addEventListener(name, release));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  });
}

// -- the loop

function draw(share = 1) {
  figures.draw(share);
  byId("status").textContent = status(session, playing);
  dirty = false;
}

function onFrame(time) {
  const seconds = lastTime === null ? 0 : (time - lastTime) / 1000;
  lastTime = time;
  if (playing) {
    stepsDue = Math.min(stepsDue + seconds * speeds[session.driver], MAX_STEPS_PER_FRAME);
    while (stepsDue >= 1 && playing) {
      stepsDue -= 1;
      advance();
    }
  }
  const smooth = playing && session.mode.real && !reducedMotion.matches;
  if (dirty || smooth) draw(smooth ? stepsDue : 1);
  requestAnimationFrame(onFrame);
}

// Steps per second without waiting for the screen, each drawn to the end (getImageData waits).
function measure(steps) {
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    if (session.done) session.restart();
    session.step(keyAction);
    draw();
    byId("dream").getContext("2d").getImageData(0, 0, 1, 1);
    figures.canvases.contributions.context.getImageData(0, 0, 1, 1);
  }
  return 1000 * steps / (performance.now() - start);
}

fill(session, data, choose);
listen();
updateControls();
requestAnimationFrame(onFrame);
globalThis.play = { data, session, measure, advance }; // for tests, benchmarks and the console
