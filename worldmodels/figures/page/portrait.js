// The whole page drawn: which canvas shows what of a session.
import { drawChart } from "./chart.js";
import { drawActions, drawBars, drawCells, drawPushes } from "./panels.js";
import { drawPicture, drawTrack } from "./scene.js";
import { Sheet, readTheme } from "./sheet.js";
import { byId } from "./texts.js";

const SHEETS = ["track", "z", "h", "pushes", "actions", "reward", "apart"];

export class Portrait {
  // `changed` is called when what is drawn has to be drawn again.
  constructor(session, changed) {
    this.session = session;
    this.sheets = Object.fromEntries(SHEETS.map((id) => [id, new Sheet(byId(id), changed)]));
    this.theme = readTheme();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.theme = readTheme();
      changed();
    });
    this.narrow();
  }

  // Begin with narrow scales, which grow with what is drawn on them.
  narrow() {
    this.most = { z: 1, pushes: [0.1, 0.1] };
  }

  // Everything, with the car `share` of the way to its last place.
  draw(share = 1) {
    this.drawScene(share);
    this.drawMind();
    this.drawCharts();
  }

  drawScene(share) {
    const { session, sheets, theme } = this;
    const { mode, shape, world, trail, settings } = session;
    if (mode.real) {
      drawTrack(sheets.track, world.track, trail, settings.view.reach, share, theme);
      drawPicture(byId("view"), session.view, shape, theme);
      drawPicture(byId("reconstruction"), session.drawn, shape, theme);
    }
    if (mode.dream) drawPicture(byId("imagined"), session.imagined, shape, theme);
  }

  drawMind() {
    const { session, sheets, theme, most } = this;
    const { mode, mind, dream, controller, driver, left } = session;
    const other = mode.real && mode.dream ? dream.z : null;
    most.z = Math.max(most.z, ...mind.z.map(Math.abs), ...(other ?? []).map(Math.abs));
    drawBars(sheets.z, mind.z, other, most.z, theme);
    drawCells(sheets.h, mind.h, theme);
    const pushes = controller.pushes(session.features);
    most.pushes = most.pushes.map((limit, i) => Math.max(limit, ...pushes[i].map(Math.abs)));
    const names = ["Steer", session.racing ? "Throttle" : "Pedal"];
    drawPushes(sheets.pushes, pushes, session.zSize, names, most.pushes, theme);
    // Of C what it makes of what is seen, and does next; of a hand what it does.
    const own = driver === "you";
    const [action, wanted] = own ? [session.action, session.wanted] : [session.wanted, null];
    drawActions(sheets.actions, action, wanted, left, theme);
  }

  drawCharts() {
    const { session, sheets, theme } = this;
    const { mode, memory, totals, apart, settings } = session;
    const rewards = [];
    if (mode.real) rewards.push({ label: "road", values: totals.real, colour: theme.real });
    const dreamt = { label: "dream", colour: theme.dream, dashed: true };
    if (mode.dream && memory.predictsOutcome) rewards.push({ ...dreamt, values: totals.dream });
    const steps = settings.max_steps;
    if (rewards.length) drawChart(sheets.reward, rewards, steps, "", theme, 10);
    if (mode.real && mode.dream) {
      const byV = { label: "by V", values: apart.v, colour: theme.real };
      drawChart(sheets.apart, [{ ...dreamt, values: apart.dream }, byV], steps, " %", theme, 20);
    }
  }
}
