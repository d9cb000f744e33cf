// The page itself: modes and controls, keys and touch, and the loop that steps and draws.
import { Portrait } from "./portrait.js";
import { Session } from "./session.js";
import { byId, ends, fill, status } from "./texts.js";

const DRIVING = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const MOST_STEPS = 4; // in one picture of the screen: a tab that slept is not to catch up
const EASE = 0.4; // share of the way to what is pressed that wheel and pedal go in a step
const FULL = [0.8, 1]; // as far as the keys turn the wheel, and press the pedal

const data = JSON.parse(byId("data").textContent);
const session = new Session(data);
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

let playing = !calm.matches;
// Steps a second, by driver: hands are slower than C. A step of CarRacing is 0.08 s of the game.
const speeds = session.racing ? { c: 8, you: 5 } : { c: 12, you: 12 };
let owed = 0; // steps, of which the last is not whole
let then = null;
let dirty = true;
let hand = [0, 0];
const held = new Set();

const redraw = () => { dirty = true; };
const portrait = new Portrait(session, redraw);

// -- controls

function choose(name) {
  session.choose(name);
  fresh();
}

// Whoever drives with the keys begins when a key is pressed.
function fresh() {
  owed = 0;
  hand = [0, 0];
  portrait.narrow();
  playing = !calm.matches && session.driver === "c";
  settle();
}

function restart() {
  session.restart();
  fresh();
}

function pause() {
  if (session.over) {
    restart();
    playing = true;
  } else {
    playing = !playing;
  }
  settle();
}

function singleStep() {
  playing = false;
  advance();
  settle();
}

function hands() {
  session.driver = session.driver === "c" ? "you" : "c";
  settle();
}

function nextRoad(seed = session.roadSeed + 1) {
  if (!session.racing) return;
  session.goTo(seed);
  fresh();
}

function dreamFromHere() {
  if (!(session.mode.real && session.mode.dream)) return;
  session.fallAsleep();
  settle();
}

// Bring the controls in line with the session.
function settle() {
  const { mode, driver } = session;
  const both = mode.real && mode.dream;
  Object.assign(document.body.dataset, { real: mode.real, dream: mode.dream, driver });
  document.querySelectorAll("#modes button").forEach((button) =>
    button.setAttribute("aria-pressed", button.dataset.mode === session.name));
  const show = (id, shown) => { byId(id).hidden = !shown; };
  ["map", "seen", "kept"].forEach((id) => show(id, mode.real));
  show("dreamt", mode.dream);
  show("drift", both);
  show("back", both);
  show("driver", mode.dream);
  show("heat", mode.dream);
  show("heat-note", !mode.real);
  show("road-setting", session.racing);
  show("next-road", session.racing);
  show("gained", mode.real || session.memory.predictsOutcome);
  byId("pause").textContent = session.over ? "Again" : playing ? "Pause" : "Play";
  byId("step").disabled = session.over;
  byId("driver").textContent = `Driver: ${driver === "c" ? "C" : "you"}`;
  byId("road").value = session.roadSeed;
  byId("speed").value = speeds[driver];
  byId("speed-value").textContent = `${speeds[driver]} steps/s`;
  byId("temperature-value").textContent = session.temperature.toFixed(2);
  byId("z-note").textContent = both ? "; the wide marks are the dream's" : "";
  byId("wanted-note").textContent = driver === "you" ? "; hollow: what C would do" : "";
  byId("reward-note").textContent = both && !session.memory.predictsOutcome
    ? "(this M says nothing of rewards)" : mode.real ? "" : "as M imagines it";
  byId("news").textContent = [mode.label, byId("driver").textContent, ...ends(session)].join(", ");
  redraw();
}

// -- driving

function advance() {
  const aim = [
    session.left * (held.has("ArrowLeft") - held.has("ArrowRight")),
    held.has("ArrowUp") - held.has("ArrowDown"),
  ];
  hand = hand.map((value, i) => value + EASE * (FULL[i] * aim[i] - value));
  session.step(hand);
  if (session.over) {
    playing = false;
    settle();
  }
  redraw();
}

function press(key) {
  held.add(key);
  if (session.driver === "c" && session.mode.dream) session.driver = "you";
  if (session.driver === "you" && !session.over && !playing) playing = true;
  settle();
}

const COMMANDS = {
  p: pause,
  ".": singleStep,
  r: restart,
  c: () => session.mode.dream && hands(),
  n: () => nextRoad(),
  w: dreamFromHere,
};

function keyDown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches?.("input");
  if (DRIVING.includes(event.key) && !typing) {
    event.preventDefault(); // the page is not to scroll
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
  byId("driver").addEventListener("click", hands);
  byId("back").addEventListener("click", dreamFromHere);
  byId("next-road").addEventListener("click", () => nextRoad());
  byId("road").addEventListener("change", ({ target }) =>
    nextRoad(Math.max(0, Math.min(999999, Math.trunc(Number(target.value)) || 0))));
  byId("speed").addEventListener("input", ({ target }) => {
    speeds[session.driver] = Number(target.value);
    settle();
  });
  byId("temperature").addEventListener("input", ({ target }) => {
    session.warm(10 ** (Number(target.value) / 10)); // from 0.01 to 10
    settle();
  });
  window.addEventListener("keydown", keyDown);
  window.addEventListener("keyup", ({ key }) => held.delete(key));
  window.addEventListener("blur", () => held.clear());
  document.querySelectorAll("#pad button").forEach((button) => {
    const release = () => {
      held.delete(button.dataset.key);
      button.classList.remove("held");
    };
    button.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      button.classList.add("held");
      press(button.dataset.key);
    });
    ["pointerup", "pointercancel", "lostpointercapture"].forEach(
      (name) => button.addEventListener(name, release));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  });
}

// -- the loop

function draw(share = 1) {
  portrait.draw(share);
  byId("status").textContent = status(session, playing);
  dirty = false;
}

function frame(now) {
  const since = then === null ? 0 : (now - then) / 1000;
  then = now;
  if (playing) {
    owed = Math.min(owed + since * speeds[session.driver], MOST_STEPS);
    while (owed >= 1 && playing) {
      owed -= 1;
      advance();
    }
  }
  const smooth = playing && session.mode.real && !calm.matches;
  if (dirty || smooth) draw(smooth ? owed : 1);
  requestAnimationFrame(frame);
}

// Steps a second, each of them drawn and on its canvas, as fast as they come.
function measure(steps) {
  const start = performance.now();
  for (let done = 0; done < steps; done++) {
    if (session.over) session.restart();
    session.step(hand);
    draw();
    byId("imagined").getContext("2d").getImageData(0, 0, 1, 1);
    portrait.sheets.pushes.context.getImageData(0, 0, 1, 1);
  }
  return 1000 * steps / (performance.now() - start);
}

fill(session, data, choose);
listen();
settle();
requestAnimationFrame(frame);
globalThis.play = { data, session, measure, advance }; // to look inside from the console
