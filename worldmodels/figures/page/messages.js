// The texts of each step: the status, the scores, and what is written over the road and the dream.
import { signed } from "canvas.js";
import { byId } from "texts.js";

// The line above the scene.
export function status(session) {
  const { mode, steps, returns, env, dream } = session;
  const parts = [`Step ${steps} of ${session.settings.max_steps}`];
  if (mode.real) parts.push(`speed ${env.car.v.toFixed(2)} units/step`);
  const rewardInDream = mode.dream && session.memory.predictsRewardDone;
  if (rewardInDream && mode.real) parts.push(`dream's return ${signed(returns.dream.at(-1))}`);
  if (mode.dream && !mode.real && !rewardInDream) {
    parts.push("this M predicts neither rewards nor the end");
  }
  if (rewardInDream && !dream.done) {
    parts.push(`M's probability of the end: ${(100 * dream.pDone).toFixed(0)} %`);
  }
  return [...parts, ...endings(session)].join(" \u00b7 ");
}

// Why the car's episode is over; null if it is not.
function roadEnding({ mode, env }) {
  if (!mode.real || !env.done) return null;
  return env.offTrack ? "Off the road" : "Time is up";
}

// Why the dream is over; null if it is not.
function dreamEnding({ mode, dream }) {
  if (!mode.dream || !dream.done) return null;
  if (dream.terminated) return "M predicts the end";
  return dream.stalled ? "M sees no road" : "Time is up";
}

// Which episodes are over, and why.
export function endings(session) {
  const [road, dream] = [roadEnding(session), dreamEnding(session)];
  return [road, dream && `dream: ${dream}`].filter(Boolean);
}

const returnOf = ({ mode, returns }) => (mode.real ? returns.real : returns.dream).at(-1);

// The return of this episode, C's own from the same start, and your best one.
export function writeScores(session) {
  const { driver, ghost, bests, contest } = session;
  const own = signed(returnOf(session));
  byId("score-you").textContent = driver === "you" ? own : "\u2013";
  const end = ghost.done ? signed(ghost.returns.at(-1)) : "\u2026";
  byId("score-c").textContent = driver === "c" ? own : end;
  byId("score-best").textContent = contest in bests ? signed(bests[contest]) : "\u2013";
}

// Write over the road or the dream that an episode is over, or how it starts.
export function showMessages(session, playing) {
  const { mode, driver, steps, done } = session;
  const [road, dream] = [roadEnding(session), dreamEnding(session)];
  const main = mode.real ? "road" : "dream";
  const texts = { road: road && [road, ""], dream: dream && [dream, ""] };
  if (done) texts[main][1] = verdict(session);
  else if (dream) texts.dream[1] = "The car drives on.";
  else if (driver === "you" && !playing && !steps) {
    texts[main] = ["Press or touch an arrow", aim(session)];
  }
  for (const [name, text] of Object.entries(texts)) {
    const message = byId(`${name}-message`);
    message.hidden = !text;
    if (!text) continue;
    message.querySelector("b").textContent = text[0];
    message.querySelector("span").textContent = text[1];
    message.querySelector("button").hidden = !(done && name === main);
  }
}

const hasReturns = ({ mode, memory }) => mode.real || memory.predictsRewardDone;

function aim(session) {
  const { ghost, mode } = session;
  if (!hasReturns(session)) return "How long does it stay a road?";
  const rival = mode.real ? "The green car is C" : "C dreams from the same start";
  return ghost.done ? `${rival}: ${signed(ghost.returns.at(-1))}.` : `${rival}.`;
}

function verdict(session) {
  const { driver, dream, ghost, byYou, mode } = session;
  const again = "An arrow starts again.";
  if (!hasReturns(session)) return again;
  const own = returnOf(session);
  const stalled = !mode.real && dream.stalled;
  const reason = stalled ? [`It predicted no reward for ${dream.patience} steps.`] : [];
  let result = `C: ${signed(own)}.`;
  if (driver === "you") {
    const aimed = ghost.returns.at(-1);
    const winner = own > aimed ? "you beat C" : "C is ahead";
    result = `You ${signed(own)}, C ${signed(aimed)}: ${byYou ? winner : "C helped"}.`;
  }
  return [...reason, result, ...fantasy(session, own), again].join(" ");
}

// What to think of a dreamt return that is more than the environment can give.
function fantasy({ mode, racing, scales }, own) {
  const { most } = scales.returns;
  if (mode.real || own <= most) return [];
  const giver = racing ? "The road" : "The game";
  return [`${giver} gives ${most.toLocaleString("en")} at most: `
    + `${signed(own, 0)} is M's fantasy, not a score.`];
}
