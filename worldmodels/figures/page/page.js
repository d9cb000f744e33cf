// Entry point: modes and controls, keys and touch, and the loop that steps and draws.
import { Figures } from "figures.js";
import { Input } from "input.js";
import { Session } from "session.js";
import { byId, fill } from "texts.js";
import { endings, showMessages, status, writeScores } from "messages.js";

const MAX_STEPS_PER_FRAME = 4; // a tab that was in the background does not catch up
const SMOOTH_SPEED = 30; // steps per second, up to which what lies between two steps is drawn
const GHOST_TIME = 4; // milliseconds a frame, in which C's ghost drives ahead
const REST = 500; // milliseconds after an episode, in which no arrow starts the next one

const data = JSON.parse(byId("data").textContent);
const session = new Session(data);
const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

let playing = !reducedMotion.matches;
// Steps per second, by driver: people are slower than C. A step of CarRacing is 0.08 s of the game.
const speeds = session.racing ? { c: 8, you: 5 } : { c: 12, you: 12 };
let stepsDue = 0; // with the started one as a fraction
let lastTime = null;
let dirty = true;
let endTime = 0; // of the last episode

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
  input.action = [0, 0];
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
  const [first, last] = session.trackSeeds;
  session.setTrack(Math.max(first, Math.min(last, Math.trunc(seed) || 0)));
  startEpisode();
}

function nextTrack() {
  const [first, last] = session.trackSeeds;
  goToTrack(session.trackSeed < last ? session.trackSeed + 1 : first);
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
  show("reward-figure", mode.real || session.memory.predictsRewardDone);
  byId("pause").textContent = session.done ? "Again" : playing ? "Pause" : "Play";
  byId("step").disabled = session.done;
  byId("driver").textContent = `Driver: ${driver === "c" ? "C" : "you"}`;
  byId("track-seed").value = session.trackSeed;
  byId("speed").value = speeds[driver];
  byId("speed-value").textContent = `${speeds[driver]} steps/s`;
  byId("temperature").value = sliderOf(session.temperature);
  byId("temperature-value").textContent = session.temperature.toFixed(2);
  byId("z-note").textContent = both ? "; the wide marks are the dream's" : "";
  byId("actions-note").textContent =
    driver === "you" ? ": yours; hollow marks: C's choice" : " of C";
  byId("reward-note").textContent = both && !session.memory.predictsRewardDone
    ? "(this M predicts no rewards)" : mode.real ? "" : "as M predicts them";
  show("fantasy", mode.dream && session.memory.predictsRewardDone);
  show("scores", mode.real || session.memory.predictsRewardDone);
  byId("news").textContent =
    [mode.label, byId("driver").textContent, ...endings(session)].join(", ");
  redraw();
}

// -- driving

function advance() {
  input.step(session.left);
  session.step(input.action);
  if (session.done) {
    playing = false;
    endTime = performance.now();
    if (session.driver === "you") session.ghost.run(Infinity); // for its score
    updateControls();
  }
  redraw();
}

// After an arrow: you drive. It starts an episode, but not while the last one's is still pressed.
function steer() {
  if (session.done) {
    if (performance.now() < endTime + REST) return;
    session.restart();
    startEpisode();
  }
  if (session.driver === "c" && session.mode.dream) session.driver = "you";
  if (session.driver === "you") playing = true;
  updateControls();
}

const COMMANDS = {
  " ": pause,
  p: pause,
  ".": singleStep,
  r: restart,
  c: () => session.mode.dream && toggleDriver(),
  n: nextTrack,
  w: dreamFromHere,
};

function obey(key) {
  const mode = Object.keys(session.modes)[Number(key) - 1];
  if (mode) choose(mode);
  else COMMANDS[key]?.();
}

const input = new Input(steer, obey);

function listen() {
  byId("pause").addEventListener("click", pause);
  byId("step").addEventListener("click", singleStep);
  byId("restart").addEventListener("click", restart);
  byId("driver").addEventListener("click", toggleDriver);
  byId("dream-here").addEventListener("click", dreamFromHere);
  byId("next-track").addEventListener("click", nextTrack);
  document.querySelectorAll(".message button").forEach((button) =>
    button.addEventListener("click", pause));
  byId("track-seed").addEventListener("change", ({ target }) => goToTrack(Number(target.value)));
  byId("speed").addEventListener("input", ({ target }) => {
    speeds[session.driver] = Number(target.value);
    updateControls();
  });
  byId("temperature").addEventListener("input", ({ target }) => {
    session.setTemperature(temperatureAt(Number(target.value)));
    updateControls();
  });
  input.listen(document.querySelectorAll("#pad button"));
}

// The slider has tenths of a power of ten, from 0.01 to 10; in place of the nearest one, C's own.
function temperatureAt(value) {
  return value === sliderOf(data.temperature) ? data.temperature : 10 ** (value / 10);
}

const sliderOf = (temperature) => Math.round(10 * Math.log10(temperature));

// -- the loop

function draw(share = 1) {
  figures.draw(share);
  byId("status").textContent = status(session);
  writeScores(session);
  showMessages(session, playing);
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
  if (session.driver === "you" && !session.ghost.done) {
    session.ghost.run(session.steps, GHOST_TIME);
    redraw();
  }
  const smooth = playing && !reducedMotion.matches && speeds[session.driver] <= SMOOTH_SPEED;
  if (dirty || smooth) draw(smooth ? stepsDue : 1);
  requestAnimationFrame(onFrame);
}

// Steps per second without waiting for the screen, each drawn to the end (getImageData waits).
function measure(steps) {
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    if (session.done) session.restart();
    session.step(input.action);
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
