// Entry point of the page of Doom: modes and controls, keys and touch, and the loop.
import { Input } from "input.js";
import { TICS_A_SECOND } from "doom/dream.js";
import { Game } from "doom/game.js";
import { Panels, heightOfH } from "doom/panels.js";
import { byId, endings, fill, writeStep } from "doom/texts.js";

const MAX_STEPS_PER_FRAME = 4; // a tab that was in the background does not catch up
const SMOOTH_SPEED = 30; // steps per second, up to which what lies between two steps is drawn
const GHOST_TIME = 4; // milliseconds a frame, in which C's own dream goes ahead
const REST = 500; // milliseconds after a dream, in which no arrow starts the next one
const HIT = 40; // health that M predicts to be lost, at which the picture is reddest
const FADE = 0.35; // seconds, in which a half of the red is gone

const data = JSON.parse(byId("data").textContent);
const game = new Game(data);
const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
const gameSpeed = TICS_A_SECOND / data.env.frame_skip; // steps per second

let playing = !reducedMotion.matches;
let speed = gameSpeed;
let stepsDue = 0; // with the started one as a fraction
let lastTime = null;
let dirty = true;
let endTime = 0; // of the last dream
let red = 0;

const redraw = () => { dirty = true; };
const panels = new Panels(game, () => {
  panels.redraw();
  redraw();
});

// -- controls

function choose(name) {
  game.setMode(name);
  startDream();
}

// A dream that the keys drive starts with the first key.
function startDream() {
  stepsDue = red = 0;
  playing = !reducedMotion.matches && game.driver === "c";
  updateControls();
}

function restart() {
  game.restart();
  startDream();
}

function pause() {
  if (game.done) {
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
  game.driver = game.driver === "c" ? "you" : "c";
  updateControls();
}

function goToStart(number) {
  game.setStart(Math.max(1, Math.min(game.startCount, Math.trunc(number) || 1)));
  startDream();
}

const nextStart = () => goToStart(game.start < game.startCount ? game.start + 1 : 1);

// Show the game's settings in the controls.
function updateControls() {
  const { driver } = game;
  document.body.dataset.driver = driver;
  document.querySelectorAll("#modes button").forEach((button) =>
    button.setAttribute("aria-pressed", button.dataset.mode === game.modeName));
  byId("pause").textContent = game.done ? "Again" : playing ? "Pause" : "Play";
  byId("step").disabled = game.done;
  byId("driver").textContent = `Player: ${driver === "c" ? "C" : "you"}`;
  byId("start").value = game.start;
  byId("speed").value = speed;
  byId("speed-value").textContent = `${Math.round(100 * speed / gameSpeed)} %`;
  byId("temperature").value = sliderOf(game.temperature);
  byId("temperature-value").textContent = game.temperature.toFixed(2);
  byId("news").textContent =
    [game.modes[game.modeName].label, byId("driver").textContent, ...endings(game)].join(", ");
  panels.redraw();
  redraw();
}

// -- playing

function advance() {
  const { pressed } = input;
  game.step([pressed.has("ArrowRight") - pressed.has("ArrowLeft")]);
  red = Math.max(red, Math.min(1, game.dream.loss / HIT));
  if (game.done) {
    playing = false;
    endTime = performance.now();
    if (game.driver === "you") game.runGhost(Infinity); // for its score
    updateControls();
  }
  redraw();
}

// After an arrow: you play, from the start if C has played so far.
function move() {
  if (game.done && performance.now() < endTime + REST) return;
  if (game.modeName === "watch") choose("dream");
  else if (game.done) restart();
  game.driver = "you";
  playing = true;
  updateControls();
}

class Keys extends Input {
  // Up and down scroll, as ever.
  onKeyDown(event) {
    if (!["ArrowUp", "ArrowDown"].includes(event.key)) super.onKeyDown(event);
  }
}

const COMMANDS = {
  " ": pause,
  p: pause,
  ".": singleStep,
  r: restart,
  c: toggleDriver,
  n: nextStart,
};

function obey(key) {
  const mode = Object.keys(game.modes)[Number(key) - 1];
  if (mode) choose(mode);
  else COMMANDS[key]?.();
}

const input = new Keys(move, obey);

function listen() {
  byId("pause").addEventListener("click", pause);
  byId("step").addEventListener("click", singleStep);
  byId("restart").addEventListener("click", restart);
  byId("driver").addEventListener("click", toggleDriver);
  byId("next").addEventListener("click", nextStart);
  document.querySelector(".message button").addEventListener("click", pause);
  byId("start").addEventListener("change", ({ target }) => goToStart(Number(target.value)));
  Object.assign(byId("speed"), { min: gameSpeed / 5, max: 7 * gameSpeed, step: gameSpeed / 5 });
  byId("speed").addEventListener("input", ({ target }) => {
    speed = Number(target.value);
    updateControls();
  });
  byId("temperature").addEventListener("input", ({ target }) => {
    game.setTemperature(temperatureAt(Number(target.value)));
    startDream();
  });
  input.listen(document.querySelectorAll("#pad button"));
}

// The slider has tenths of a power of ten, from 0.01 to 10; in place of the nearest one, the first.
function temperatureAt(value) {
  return value === sliderOf(data.temperature) ? data.temperature : 10 ** (value / 10);
}

const sliderOf = (temperature) => Math.round(10 * Math.log10(temperature));

// -- the loop

// Draw everything, `share` of the way from the last but one step to the last.
function draw(share = 1) {
  panels.draw(share);
  writeStep(game, playing);
  byId("hit").style.setProperty("--hit", reducedMotion.matches ? 0 : red.toFixed(2));
  dirty = false;
}

function onFrame(time) {
  const seconds = lastTime === null ? 0 : (time - lastTime) / 1000;
  lastTime = time;
  if (playing) {
    stepsDue = Math.min(stepsDue + seconds * speed, MAX_STEPS_PER_FRAME);
    while (stepsDue >= 1 && playing) {
      stepsDue -= 1;
      advance();
    }
  }
  if (game.driver === "you" && !game.ghost.done) {
    game.runGhost(game.steps, GHOST_TIME);
    if (game.ghost.done) panels.redraw(); // its line in the charts is whole
    redraw();
  }
  if (red > 0.01) {
    red *= 0.5 ** (seconds / FADE);
    redraw();
  }
  const smooth = playing && !reducedMotion.matches && speed <= SMOOTH_SPEED;
  if (dirty) draw(smooth ? stepsDue : 1);
  else if (smooth) panels.drawZ(stepsDue);
  requestAnimationFrame(onFrame);
}

// Steps per second without waiting for the screen, each drawn to the end (getImageData waits).
function measure(steps) {
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    if (game.done) game.restart();
    game.step([0]);
    draw();
    byId("dream").getContext("2d").getImageData(0, 0, 1, 1);
  }
  return 1000 * steps / (performance.now() - start);
}

byId("h").style.height = `${heightOfH(game.memory.hiddenSize)}px`;
fill(game, data, choose);
listen();
updateControls();
requestAnimationFrame(onFrame);
globalThis.play = { data, session: game, measure, advance }; // for tests, benchmarks, the console
