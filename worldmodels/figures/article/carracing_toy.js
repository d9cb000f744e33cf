// 6: CarRacing's dream to steer in, beside C, which starts at the same moment.
import { Canvas, signed } from "canvas.js";
import { drawFrame } from "scene.js";
import { animate } from "article/animation.js";
import { byId } from "article/dom.js";
import { DreamDrive } from "article/drives.js";
import { byStep, drawLines } from "article/line_chart.js";
import { onThemeChange, theme } from "article/theme.js";

const SPEED = 8; // decisions a second
const EASE = 0.4; // share of the way to the pressed keys that wheel and pedal move in a decision
const FULL = [0.8, 1]; // the keys' full lock and full throttle
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

export class CarRacingToy {
  constructor(agent) {
    this.agent = agent;
    this.pressed = new Set();
    this.number = -1; // of the start state
    this.chart = new Canvas(byId("r-chart"), () => { this.dirty = true; });
    byId("r-watch").addEventListener("click", () => this.watch());
    byId("r-restart").addEventListener("click", () => this.restart(this.number + 1));
    this.listen();
    onThemeChange(() => { this.dirty = true; });
    this.restart(0);
    animate(byId("r-toy"), (seconds) => this.frame(seconds));
  }

  listen() {
    const stage = byId("r-stage");
    window.addEventListener("keydown", (event) => {
      if (!ARROWS.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!stage.contains(document.activeElement)) {
        if (!startsRace(event, stage)) return;
        stage.focus({ preventScroll: true });
      }
      event.preventDefault(); // do not scroll
      if (!event.repeat) this.press(event.key);
    });
    window.addEventListener("keyup", ({ key }) => this.pressed.delete(key));
    window.addEventListener("blur", () => this.pressed.clear());
    stage.querySelectorAll("[data-key]").forEach((button) => {
      const { key } = button.dataset;
      const release = () => this.pressed.delete(key);
      button.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        button.setPointerCapture(event.pointerId);
        this.press(key);
      });
      ["pointerup", "pointercancel", "lostpointercapture"].forEach(
        (name) => button.addEventListener(name, release));
      button.addEventListener("contextmenu", (event) => event.preventDefault());
      // Space and Enter press it as long as they are held.
      button.addEventListener("keydown", (event) => {
        if (![" ", "Enter"].includes(event.key)) return;
        event.preventDefault();
        if (!event.repeat) this.press(key);
      });
      button.addEventListener("keyup", release);
    });
  }

  // A start state, from which both dream with the same random numbers.
  restart(number) {
    const { agent } = this;
    const { starts, temperature, steps } = agent;
    this.number = number % starts.z.shape[0];
    const row = ({ shape: [, size], data }) =>
      data.slice(this.number * size, (this.number + 1) * size);
    const state = () => ({ h: row(starts.h), c: row(starts.c) });
    const begin = () => new DreamDrive(agent, {
      z: row(starts.z), state: state(), steps, temperature, seed: this.number + 1 });
    [this.you, this.ghost] = [begin(), begin()];
    this.action = [0, 0];
    this.due = 0;
    this.running = false;
    this.driver = "you";
    this.dirty = true;
  }

  press(key) {
    if (this.done || this.driver === "c") this.restart(this.number);
    this.pressed.add(key);
    this.running = true;
    this.dirty = true;
  }

  // C alone: its dream goes on by itself.
  watch() {
    this.restart(this.number);
    this.driver = "c";
    this.running = true;
  }

  get done() {
    return this.ghost.done && (this.driver === "c" || this.you.done);
  }

  frame(seconds) {
    if (this.running) {
      this.due = Math.min(this.due + seconds * SPEED, 2);
      while (this.due >= 1 && this.running) {
        this.due -= 1;
        this.advance();
      }
    }
    if (this.dirty) this.draw();
  }

  // One decision of both.
  advance() {
    const held = (key) => Number(this.pressed.has(key));
    const target = [ // left is negative in CarRacing
      held("ArrowRight") - held("ArrowLeft"), held("ArrowUp") - held("ArrowDown")];
    this.action = this.action.map(
      (value, i) => value + EASE * (FULL[i] * target[i] - value));
    if (this.driver === "you") this.you.step(this.action);
    this.ghost.step();
    if (this.done) this.running = false;
    this.dirty = true;
  }

  draw() {
    this.dirty = false;
    const { agent, you, ghost } = this;
    drawFrame(byId("r-you"), you.view, agent.env.shape, theme);
    drawFrame(byId("r-ghost"), ghost.view, agent.env.shape, theme);
    byId("r-you-return").textContent = signed(you.return, 0);
    byId("r-ghost-return").textContent = signed(ghost.return, 0);
    byId("r-status").textContent = this.status();
    const top = Math.max(100, ...you.returns, ...ghost.returns);
    const limit = 100 * Math.ceil(top / 100);
    drawLines(this.chart, {
      lines: [
        { label: "C", points: byStep(ghost.returns), colour: theme.controller },
        { label: "you", points: this.driver === "you" ? byStep(you.returns) : [],
          colour: theme.ink },
      ],
      x: [0, agent.steps], y: [-20, limit], right: 40,
      xTicks: [[0, "start"], [agent.steps, "end"]],
      yTicks: [[0, "0"], [limit / 2, `${limit / 2}`], [limit, `${limit}`]],
    });
  }

  status() {
    const { you, ghost } = this;
    if (this.driver === "c") {
      return this.done ? "An arrow starts your own race." : "C drives alone.";
    }
    if (!this.running && !this.done) return "Left or right starts the race.";
    if (!this.done) return "";
    const lead = you.return - ghost.return;
    const lost = you.dream.terminated ? "M thinks that your race is lost. " : "";
    return lost + (lead > 0 ? `You win by ${signed(lead, 0)} points.`
      : `C is ahead by ${Math.round(-lead)} points. An arrow starts again.`);
  }
}

// Whether a key starts the race from elsewhere on the page: an arrow that does not scroll, while
// the race is on the screen.
function startsRace({ key, target }, stage) {
  const { top, bottom } = stage.querySelector(".frame").getBoundingClientRect();
  return ["ArrowLeft", "ArrowRight"].includes(key) && !target.matches?.("input")
    && top >= 0 && bottom <= window.innerHeight;
}
