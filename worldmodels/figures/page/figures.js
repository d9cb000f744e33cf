// Draws a session on all canvases of the page.
import { Canvas, readTheme } from "canvas.js";
import { drawChart } from "chart.js";
import { inputParts } from "controller.js";
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
  }

  // Draw everything, `share` of the way from the last but one step to the last.
  draw(share = 1) {
    const shown = this.session.between(share);
    this.drawScene(shown, share);
    this.drawModels(shown);
    this.drawCharts();
  }

  drawScene(shown, share) {
    const { session, canvases, theme } = this;
    const { mode, shape, env, path, ghost, steps, driver, settings } = session;
    if (mode.real) {
      const rival = driver === "you" ? ghost.path.slice(0, steps + 1) : null;
      drawTrack(canvases.track, env.track, path, rival, settings.view.reach, share, theme);
      drawFrame(byId("view"), shown.view, shape, theme);
      drawFrame(byId("reconstruction"), shown.reconstruction, shape, theme);
    }
    if (mode.dream) drawFrame(byId("dream"), shown.dreamView, shape, theme);
  }

  drawModels(shown) {
    const { session, canvases, theme } = this;
    const { mode, observed, controller, driver, left, scales } = session;
    const z = mode.real ? shown.z : shown.dreamZ;
    const other = mode.real && mode.dream ? shown.dreamZ : null;
    drawBars(canvases.z, z, other, scales.z, mode.real ? theme.vision : theme.dream, theme);
    drawCells(canvases.h, observed.state.h, theme);
    const contributions = controller.contributions(session.features);
    const names = ["Steer", session.racing ? "Throttle" : "Pedal"];
    const split = (row) => inputParts(row, session.zSize, session.memory.hiddenSize);
    drawContributions(canvases.contributions, contributions, split, names,
      scales.contributions, theme);
    // If C drives: the action that it takes next. If you drive: your last action, beside C's.
    const [action, policyAction] = driver === "you"
      ? [session.action, session.policyAction] : [session.policyAction, null];
    drawActions(canvases.actions, action, policyAction, left, theme);
  }

  drawCharts() {
    const { session, canvases, theme } = this;
    const { mode, driver, memory, returns, errors, settings, ghost, scales } = session;
    const steps = settings.max_steps;
    const dream = { label: "dream", colour: theme.dream, dashed: true };
    const dreamsOfRewards = mode.dream && memory.predictsRewardDone;
    const lines = [];
    if (driver === "you") {
      lines.push({ label: "C", colour: theme.controller, values: ghost.returns });
    }
    if (dreamsOfRewards) lines.push({ ...dream, values: returns.dream });
    if (mode.real) lines.push({ label: "road", values: returns.real, colour: theme.real });
    if (mode.real || dreamsOfRewards) {
      const { low, high, most } = scales.returns;
      const mark = dreamsOfRewards ? { value: most, label: "the most possible" } : null;
      drawChart(canvases.reward, lines, { low, high, steps, unit: "", mark }, theme);
    }
    if (mode.real && mode.dream) {
      const byV = { label: "V", values: errors.reconstruction, colour: theme.vision };
      drawChart(canvases.error, [{ ...dream, values: errors.dream }, byV],
        { low: 0, high: scales.error, steps, unit: " %" }, theme);
    }
  }
}
