// Draws a session on all canvases of the page.
import { Canvas, readTheme } from "canvas.js";
import { drawChart } from "chart.js";
import { drawActions, drawBars, drawCells, drawContributions } from "panels.js";
import { drawFrame, drawTrack } from "scene.js";
import { byId } from "texts.js";

const CANVASES = ["track", "z", "h", "contributions", "actions", "reward", "error"];

export class Figures {
  // `changed` is called when the figures must be drawn again.
  constructor(session, changed) {
    this.session = session;
    this.canvases = Object.fromEntries(CANVASES.map((id) => [id, new Canvas(byId(id), changed)]));
    this.theme = readTheme();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.theme = readTheme();
      changed();
    });
    this.resetScales();
  }

  // Start with small scales, which grow with the values that are drawn.
  resetScales() {
    this.limits = { z: 1, contributions: [0.1, 0.1] };
  }

  // Draw everything, with the car `share` of the way to its last position.
  draw(share = 1) {
    this.drawScene(share);
    this.drawModels();
    this.drawCharts();
  }

  drawScene(share) {
    const { session, canvases, theme } = this;
    const { mode, shape, env, path, settings } = session;
    if (mode.real) {
      drawTrack(canvases.track, env.track, path, settings.view.reach, share, theme);
      drawFrame(byId("view"), session.view, shape, theme);
      drawFrame(byId("reconstruction"), session.reconstruction, shape, theme);
    }
    if (mode.dream) drawFrame(byId("dream"), session.dreamView, shape, theme);
  }

  drawModels() {
    const { session, canvases, theme, limits } = this;
    const { mode, observed, dream, controller, driver, left } = session;
    const other = mode.real && mode.dream ? dream.z : null;
    limits.z = Math.max(limits.z, ...observed.z.map(Math.abs), ...(other ?? []).map(Math.abs));
    drawBars(canvases.z, observed.z, other, limits.z, theme);
    drawCells(canvases.h, observed.h, theme);
    const contributions = controller.contributions(session.features);
    limits.contributions = limits.contributions.map(
      (limit, i) => Math.max(limit, ...contributions[i].map(Math.abs)));
    const names = ["Steer", session.racing ? "Throttle" : "Pedal"];
    drawContributions(canvases.contributions, contributions, session.zSize, names,
      limits.contributions, theme);
    // If C drives: the action that it takes next. If you drive: your last action, beside C's.
    const [action, policyAction] = driver === "you"
      ? [session.action, session.policyAction] : [session.policyAction, null];
    drawActions(canvases.actions, action, policyAction, left, theme);
  }

  drawCharts() {
    const { session, canvases, theme } = this;
    const { mode, memory, returns, errors, settings } = session;
    const lines = [];
    if (mode.real) lines.push({ label: "real", values: returns.real, colour: theme.real });
    const dream = { label: "dream", colour: theme.dream, dashed: true };
    if (mode.dream && memory.predictsRewardDone) lines.push({ ...dream, values: returns.dream });
    const steps = settings.max_steps;
    if (lines.length) drawChart(canvases.reward, lines, steps, "", theme, 10);
    if (mode.real && mode.dream) {
      const byV = { label: "V", values: errors.reconstruction, colour: theme.real };
      drawChart(canvases.error, [{ ...dream, values: errors.dream }, byV], steps, " %", theme, 20);
    }
  }
}
