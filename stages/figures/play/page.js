// The page itself: modes and controls, keys and touch, and the loop that steps and draws.
import {
  Sheet,
  drawActions,
  drawBars,
  drawCells,
  drawChart,
  drawPicture,
  drawPushes,
  drawTrack,
  heights,
  readTheme,
} from "./draw.js";
import { Session } from "./session.js";

const DRIVING = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const MOST_STEPS = 4; // in one picture of the screen: a tab that slept is not to catch up
const EASE = 0.4; // share of the way to what is pressed that wheel and pedal go in a step
const FULL = [0.8, 1]; // as far as the keys turn the wheel, and press the pedal

const RACING_INTRO = "A car sees a small picture (V), remembers (M) and drives (C). M has learned "
  + "to guess what comes next, so one can also drive in its dream. All of it runs here, in your "
  + "browser.";
const DREAM_INTRO = "The dream of CarRacing. M has learned from recorded drives to guess what the "
  + "game shows next. Here there is no game, only that guess, and you can steer it.";

const narrow = () => ({ z: 1, pushes: [0.1, 0.1] }); // scales, which grow with what is drawn

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const session = new Session(data);
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const dark = window.matchMedia("(prefers-color-scheme: dark)");

let theme = readTheme();
let playing = !calm.matches;
// Steps a second, by driver: hands are slower than C. A step of CarRacing is 0.08 s of the game.
const speeds = session.racing ? { c: 8, you: 5 } : { c: 12, you: 12 };
let owed = 0; // steps, of which the last is not whole
let then = null;
let dirty = true;
let hand = [0, 0];
let widest = narrow();
const held = new Set();

const redraw = () => { dirty = true; };
const sheets = Object.fromEntries(
  ["track", "z", "h", "pushes", "actions", "reward", "apart"].map(
    (id) => [id, new Sheet(byId(id), redraw)]));

// -- what stands on the page once and for all

function fill() {
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

// -- controls

function choose(name) {
  session.choose(name);
  fresh();
}

// Whoever drives with the keys begins when a key is pressed.
function fresh() {
  owed = 0;
  hand = [0, 0];
  widest = narrow();
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
  byId("news").textContent = [mode.label, byId("driver").textContent, ...ends()].join(", ");
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
  dark.addEventListener("change", () => {
    theme = readTheme();
    redraw();
  });
}

// -- drawing

const shown = (value) => `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(1)}`;

function status() {
  const { mode, steps, total, world, dream, driver } = session;
  const parts = [`Step ${steps} of ${session.settings.max_steps}`];
  if (mode.real) parts.push(`reward ${shown(total.real)}`);
  const foreseen = mode.dream && session.memory.predictsOutcome;
  if (foreseen) parts.push(`dreamt reward ${shown(total.dream)}`);
  if (mode.real) parts.push(`speed ${world.car.v.toFixed(2)} units/step`);
  if (mode.dream && !mode.real && !foreseen) parts.push("of rewards and ends this M knows nothing");
  if (foreseen && !dream.over) {
    parts.push(`chance of the end, says M: ${(100 * dream.risk).toFixed(0)} %`);
  }
  if (!session.over && driver === "you" && !playing) parts.push("press or touch an arrow to go");
  return [...parts, ...ends()].join(" · ");
}

function ends() {
  const { mode, world, dream } = session;
  const said = [];
  if (mode.real && world.over) said.push(world.lost ? "lost, too far off the road" : "drive over");
  if (mode.dream && dream.ended) said.push("the dream is over: M takes the car for lost");
  else if (mode.dream && dream.over) said.push("dream over");
  return said;
}

function draw(share = 1) {
  const { mode, mind, memory, shape, world, dream } = session;
  if (mode.real) {
    drawTrack(sheets.track, world.track, session.trail, session.settings.view.reach, share, theme);
    drawPicture(byId("view"), session.view, shape, theme);
    drawPicture(byId("reconstruction"), session.drawn, shape, theme);
  }
  if (mode.dream) drawPicture(byId("imagined"), session.imagined, shape, theme);
  const other = mode.real && mode.dream ? dream.z : null;
  widest.z = Math.max(widest.z, ...mind.z.map(Math.abs), ...(other ?? []).map(Math.abs));
  drawBars(sheets.z, mind.z, other, widest.z, theme);
  drawCells(sheets.h, mind.h, theme);
  const pushes = session.controller.pushes(session.features);
  widest.pushes = widest.pushes.map((most, i) => Math.max(most, ...pushes[i].map(Math.abs)));
  const names = ["Steer", session.racing ? "Throttle" : "Pedal"];
  drawPushes(sheets.pushes, pushes, session.zSize, names, widest.pushes, theme);
  const yours = session.driver === "you";
  drawActions(sheets.actions, session.action, yours ? session.wanted : null, session.left, theme);
  const rewards = [
    mode.real && { label: "road", values: session.totals.real, colour: theme.real },
    mode.dream && memory.predictsOutcome
      && { label: "dream", values: session.totals.dream, colour: theme.dream, dashed: true },
  ].filter(Boolean);
  const steps = session.settings.max_steps;
  if (rewards.length) drawChart(sheets.reward, rewards, steps, "", theme, 10);
  if (mode.real && mode.dream) {
    const { apart } = session;
    drawChart(sheets.apart, [
      { label: "dream", values: apart.dream, colour: theme.dream, dashed: true },
      { label: "by V", values: apart.v, colour: theme.real },
    ], steps, " %", theme, 20);
  }
  byId("status").textContent = status();
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
    sheets.pushes.context.getImageData(0, 0, 1, 1);
  }
  return 1000 * steps / (performance.now() - start);
}

fill();
listen();
settle();
requestAnimationFrame(frame);
globalThis.play = { data, session, measure, advance }; // to look inside from the console
