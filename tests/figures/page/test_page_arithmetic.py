"""What the page computes in Chromium, compared with NumPy."""

import json

import numpy as np
import pytest

from tests.support.page_agents import GOLDEN_EPISODES, KINDS, LONGEST
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.interfaces import takes_c
from worldmodels.pipeline.storage.pixels import to_pixels

OTHER = Track(radius=7.0, harmonics=[(3, 1.1, 0.4)], half_width=1.0)

# Runs episodes with given actions, on the page's track and view or on those of `settings`.
RUN_EPISODES = """(episodes, settings) => {
  const { env: current, settings: params } = play.session;
  const track = settings ? new current.track.constructor(settings.track) : current.track;
  const view = settings ? settings.view : params.view;
  const bits = (pixels) => Array.from(pixels).join("");
  return episodes.map((actions) => {
    const env = new current.constructor(track, { ...params, view });
    const steps = { states: [env.state], views: [bits(env.view())], rewards: [], s: [], d: [] };
    for (const action of actions) {
      steps.rewards.push(env.step(action));
      steps.states.push(env.state);
      steps.views.push(settings ? env.view().join() : bits(env.view()));
      steps.s.push(env.sample / 256);
      steps.d.push(env.distance);
    }
    return { ...steps, offTrack: env.offTrack, done: env.done };
  });
}"""

# What V, M and C compute on recorded steps.
RUN_MODELS = """(views, actions, uniform, normal) => {
  const { vision, memory, controller } = play.session;
  let state = memory.initialState();
  return views.map((view, step) => {
    const z = vision.encode(Float32Array.from(view, (byte) => byte / 255));
    const inputs = controller.features(z, state);
    const action = Array.from(controller.act(inputs));
    const contributions = controller.contributions(inputs);
    state = memory.step(z, actions[step], state);
    const features = memory.headFeatures(state.h);
    const rewardAndDone = memory.rewardAndDone(features);
    return {
      z: Array.from(z), decoded: Array.from(vision.decode(z)), h: Array.from(state.h),
      predicted: Array.from(memory.predict(features, z)), action, contributions,
      sampled: Array.from(memory.sample(features, z, uniform[step], normal[step], 1.3)),
      rewardAndDone: rewardAndDone && [rewardAndDone.reward, rewardAndDone.done],
    };
  });
}"""


def unpack_view(view: str) -> str:
    """The 256 pixels of a view of GOLDEN_EPISODES as a text of 0 and 1."""
    pixels = np.unpackbits(np.frombuffer(bytes.fromhex(view), np.uint8))
    return "".join(map(str, pixels))


def open_still(browser, page) -> None:
    """Open a page that does not drive by itself, and so takes no time from what is computed."""
    browser.open(page, prefers_reduced_motion="reduce")


def call(browser, function: str, *values: np.ndarray) -> list:
    """The result of a JavaScript function of arrays."""
    arguments = ", ".join(json.dumps(np.asarray(value).tolist()) for value in values)
    return browser.evaluate(f"({function})({arguments})")


def test_the_golden_episodes_are_the_same_on_the_page(browser, pages):
    open_still(browser, pages / "reference.html")
    actions = json.dumps([episode["actions"] for episode in GOLDEN_EPISODES])
    results = browser.evaluate(f"({RUN_EPISODES})({actions})")
    for result, episode in zip(results, GOLDEN_EPISODES, strict=True):
        for ours, theirs in (("states", "states"), ("rewards", "rewards"), ("s", "s")):
            np.testing.assert_allclose(result[ours], episode[theirs], rtol=0, atol=1e-9)
        np.testing.assert_allclose(result["d"], episode["distances"], rtol=0, atol=1e-9)
        assert result["views"] == list(map(unpack_view, episode["views"]))
        assert (result["done"], result["offTrack"]) == (True, episode["off_track"])


def test_a_coloured_view_of_another_track_is_the_same_in_every_pixel(browser, pages):
    open_still(browser, pages / "reference.html")
    actions = LONGEST["actions"][:40]
    env = RacingEnv([OTHER], view_size=64, channels=3)
    views, (order, amplitude, phase) = [env.reset()[0][0]], OTHER.harmonics[0]
    states = []
    for action in actions:
        view, *_, info = env.step([action])
        views.append(view[0])
        states.append(info["state"][0])
    harmonic = {"order": order, "amplitude": amplitude, "phase": phase}
    track = {"radius": OTHER.radius, "harmonics": [harmonic], "half_width": OTHER.half_width}
    settings = {"track": track, "view": {"size": 64, "channels": 3, "reach": 4.0}}
    arguments = f"{json.dumps([actions])}, {json.dumps(settings)}"
    (result,) = browser.evaluate(f"({RUN_EPISODES})({arguments})")
    np.testing.assert_allclose(result["states"][1:], states, rtol=0, atol=1e-9)
    for ours, theirs in zip(result["views"][1:], views[1:], strict=True):
        np.testing.assert_array_equal(np.array(ours.split(","), np.float32), theirs.ravel())


def test_random_tracks_depend_on_their_seed_alone(browser, pages):
    open_still(browser, pages / "reference.html")
    code = """[1, 2, 3, 40, 1].map((seed) => {
      play.session.setTrack(seed);
      return [...play.session.env.track.x, play.session.env.track.halfWidth];
    })"""
    tracks = np.array(browser.evaluate(code))
    np.testing.assert_array_equal(tracks[0], tracks[4])
    assert len(np.unique(tracks[:4], axis=0)) == 4
    assert ((tracks[:, -1] >= 1.3) & (tracks[:, -1] <= 1.5)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_v_m_and_c_compute_what_numpy_computes_on_recorded_steps(browser, pages, agents, kind):
    agent = agents[kind]
    views, actions = agent.recorded_steps()
    vision, (memory,) = agent.vision, agent.memory.members
    open_still(browser, pages / f"{kind}.html")
    z, count = vision.encode(to_pixels(views)), len(views)
    rng = np.random.default_rng(1)
    uniform, normal = rng.random(z.shape), rng.normal(size=z.shape)
    h, c = np.zeros((2, count + 1, 1, memory.hidden_size), np.float32)
    for step, action in enumerate(actions):
        h[step + 1], c[step + 1] = memory.step(z[step, None], action[None], h[step], c[step])
    h, c = h[:, 0], c[:, 0]
    features = agent.controllers.features
    seen = [z, c[:-1], h[:-1]] if takes_c(features, memory) else [z, h[:-1]]
    inputs = np.concatenate(seen, axis=1)[:, :features]
    ours = call(browser, RUN_MODELS, views.reshape(count, -1), actions, uniform, normal)
    features = memory.head_features(h[1:], None, None)
    theirs = {
        "z": z,
        "decoded": vision.decode(z).reshape(count, -1),
        "h": h[1:],
        "predicted": memory.predict(features, z),
        "sampled": memory.sample(features, z, uniform, normal, 1.3),
        "action": agent.controllers.rows(np.zeros(count, np.intp)).act(inputs),
    }
    if memory.predicts_reward_done:
        theirs["rewardAndDone"] = np.stack(memory.reward_and_done(features), axis=1)
    for name, values in theirs.items():
        found = np.array([step[name] for step in ours])
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-4, err_msg=name)
    if agent.controllers.kind == "linear":
        bias = agent.controllers.arrays(0)["layer1.bias"]
        sums = np.array([step["contributions"] for step in ours]).sum(axis=2) + bias
        np.testing.assert_allclose(np.tanh(sums), theirs["action"], atol=1e-4)
