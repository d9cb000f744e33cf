"""What the page of Doom computes in Chromium, compared with NumPy."""

import json

import numpy as np
import pytest

from tests.support.page_agents import DOOM_KINDS
from worldmodels.envs.doom.task import HEALTH_VALUE
from worldmodels.interfaces import takes_c

STEPS, TEMPERATURE = 30, 1.3

# What is seen before each step of a dream from a start, and what M says of the step, with given
# actions and noise.
DREAM = """(start, actions, uniform, normal) => {
  const game = play.session;
  game.setTemperature(TEMPERATURE);
  game.setStart(start);
  const { dream, vision, memory, controller } = game;
  return actions.map((action, step) => {
    const { z, state: { h, c }, health } = dream;
    const [contributions] = controller.contributions(game.features(dream));
    const seen = {
      z: Array.from(z), h: Array.from(h), c: Array.from(c), decoded: Array.from(vision.decode(z)),
      action: game.actionOfC(dream), pulls: game.pulls(dream),
      contributions: contributions.reduce((sum, value) => sum + value),
    };
    const [uniforms, normals] = [[...uniform[step], 1], [...normal[step]]];
    dream.random = { uniform: () => uniforms.shift(), normal: () => normals.shift() };
    dream.step(action);
    const features = memory.headFeatures(dream.state.h, z, action);
    seen.predicted = Array.from(memory.predict(features, z));
    const { reward } = memory.rewardAndDone(features);
    return { ...seen, reward, done: dream.pDone, health: [health, dream.health] };
  });
}""".replace("TEMPERATURE", str(TEMPERATURE))


@pytest.mark.parametrize("kind", DOOM_KINDS)
@pytest.mark.parametrize("start", [1, 2, 3])
def test_v_m_and_c_compute_in_a_dream_what_numpy_computes(browser, pages, agents, kind, start):
    agent = agents[kind]
    vision, (memory,), controllers = agent.vision, agent.memory.members, agent.controllers
    rng = np.random.default_rng(start)
    actions = rng.uniform(-1, 1, (STEPS, 1)).astype(np.float32)
    noise = uniform, normal = rng.random((STEPS, 1, 40)), rng.normal(size=(STEPS, 1, 40))
    given = [actions, *(each[:, 0] for each in noise)]
    arguments = ", ".join(json.dumps(each.tolist()) for each in given)
    browser.open(pages / f"{kind}.html", prefers_reduced_motion="reduce")
    ours = browser.evaluate(f"({DREAM})({start}, {arguments})")

    z, context = agent.start_states.z[start - 1, None], agent.start_states.context
    h = c = np.zeros((1, memory.hidden_size), np.float32)
    for step in range(9 - int(context.steps[start - 1]), 9):
        before, action = context.z[start - 1, step, None], context.actions[start - 1, step, None]
        h, c = memory.step(before, action, h, c)
    health = 100.0
    for step, found in enumerate(ours):
        parts = [z, c, h] if takes_c(controllers.features, memory) else [z, h]
        action = actions[step, None]
        h_after, c_after = memory.step(z, action, h, c)
        head = memory.head_features(h_after, z, action)
        reward, done = memory.reward_and_done(head)
        loss = (4 - float(reward[0])) / HEALTH_VALUE
        left = max(0.0, health - loss) if loss >= 5 else health
        theirs = {
            "z": z,
            "h": h,
            "c": c,
            "decoded": vision.decode(z),
            "action": controllers.act(np.concatenate(parts, axis=1)),
            "predicted": memory.predict(head, z),
            "reward": reward,
            "done": done,
            "health": [[health, left]],
        }
        for name, (values,) in theirs.items():
            message = f"{name} in step {step}"
            np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-4, err_msg=message)
        assert len(found["pulls"]) == memory.columns
        assert sum(found["pulls"]) == pytest.approx(found["contributions"], abs=1e-4)
        z = memory.sample(head, z, uniform[step], normal[step], TEMPERATURE).astype(np.float32)
        h, c, health = h_after, c_after, left
