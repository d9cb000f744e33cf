"""The page to play in, in Chromium: what it computes beside NumPy, and what one does with it."""

import json

import numpy as np
import pytest
from tests.test_racing import GOLDEN, OTHER, unpack

from tests.support.browser import CHROMIUM, ONE_CORE, Browser, chromium
from tests.support.page_agents import KINDS, LONGEST, Agent
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.pipeline.storage.pixels import to_pixels

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed")


@pytest.fixture(scope="module")
def agents():
    return {kind: Agent(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def pages(agents, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for kind, agent in agents.items():
        (folder / f"{kind}.html").write_text(agent.page(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def listed(browser: Browser, code: str, *values: np.ndarray) -> list:
    """What a function of the page makes of arrays."""
    texts = ", ".join(json.dumps(np.asarray(value).tolist()) for value in values)
    return browser.evaluate(f"({code})({texts})")


DRIVEN = """(episodes, settings) => {
  const { world, settings: all } = play.session;
  const bits = (view) => Array.from(view).join("");
  const track = settings ? new world.track.constructor(settings.track) : world.track;
  const own = settings ? { ...all, view: settings.view } : all;
  return episodes.map((actions) => {
    const there = new world.constructor(track, own);
    const drive = { states: [there.state], views: [bits(there.view())], rewards: [], s: [], d: [] };
    for (const action of actions) {
      drive.rewards.push(there.step(action));
      drive.states.push(there.state);
      drive.views.push(settings ? there.view().join() : bits(there.view()));
      drive.s.push(there.sample / 256);
      drive.d.push(there.distance);
    }
    return { ...drive, lost: there.lost, over: there.over };
  });
}"""


def test_the_golden_episodes_come_out_alike(browser, pages):
    browser.open(pages / "note.html")
    actions = json.dumps([episode["actions"] for episode in GOLDEN])
    drives = browser.evaluate(f"({DRIVEN})({actions})")
    for drive, episode in zip(drives, GOLDEN, strict=True):
        for ours, theirs in (("states", "states"), ("rewards", "rewards"), ("s", "s")):
            np.testing.assert_allclose(drive[ours], episode[theirs], rtol=0, atol=1e-9)
        np.testing.assert_allclose(drive["d"], episode["distances"], rtol=0, atol=1e-9)
        views = ["".join(map(str, unpack(view).ravel())) for view in episode["views"]]
        assert drive["views"] == views
        assert (drive["over"], drive["lost"]) == (True, episode["off_track"])


def test_a_coloured_view_of_another_road_is_the_same_to_the_last_pixel(browser, pages):
    browser.open(pages / "note.html")
    steps = LONGEST["actions"][:40]
    env = RacingEnv([OTHER], view_size=64, channels=3)
    views, (order, amplitude, phase) = [env.reset()[0][0]], OTHER.harmonics[0]
    states = []
    for action in steps:
        view, *_, info = env.step([action])
        views.append(view[0])
        states.append(info["state"][0])
    harmonic = {"order": order, "amplitude": amplitude, "phase": phase}
    track = {"radius": OTHER.radius, "harmonics": [harmonic], "half_width": OTHER.half_width}
    settings = {"track": track, "view": {"size": 64, "channels": 3, "reach": 4.0}}
    (drive,) = browser.evaluate(f"({DRIVEN})({json.dumps([steps])}, {json.dumps(settings)})")
    np.testing.assert_allclose(drive["states"][1:], states, rtol=0, atol=1e-9)
    for ours, theirs in zip(drive["views"][1:], views[1:], strict=True):
        np.testing.assert_array_equal(np.array(ours.split(","), np.float32), theirs.ravel())


def test_random_roads_hang_on_their_seed_alone(browser, pages):
    browser.open(pages / "note.html")
    code = """[1, 2, 3, 40, 1].map((seed) => {
      play.session.goTo(seed);
      return [...play.session.world.track.x, play.session.world.track.halfWidth];
    })"""
    roads = np.array(browser.evaluate(code))
    np.testing.assert_array_equal(roads[0], roads[4])
    assert len(np.unique(roads[:4], axis=0)) == 4
    assert ((roads[:, -1] >= 1.3) & (roads[:, -1] <= 1.5)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_v_m_and_c_say_what_numpy_says_on_recorded_steps(browser, pages, agents, kind):
    agent = agents[kind]
    views, actions = agent.recorded()
    vision, (memory,) = agent.vision, agent.memory.members
    browser.open(pages / f"{kind}.html")
    z, count = vision.encode(to_pixels(views)), len(views)
    rng = np.random.default_rng(1)
    uniform, normal = rng.random(z.shape), rng.normal(size=z.shape)
    h, c = np.zeros((2, count + 1, 1, memory.hidden_size), np.float32)
    for step, action in enumerate(actions):
        h[step + 1], c[step + 1] = memory.step(z[step, None], action[None], h[step], c[step])
    h = h[:, 0]
    seen = np.concatenate([z, h[:-1]], axis=1)[:, : agent.controllers.features]
    ours = listed(
        browser,
        """(views, actions, uniform, normal) => {
          const { vision, memory, controller } = play.session;
          let state = memory.empty();
          return views.map((view, step) => {
            const z = vision.encode(Float32Array.from(view, (byte) => byte / 255));
            const features = controller.seen(z, state.h);
            const done = Array.from(controller.act(features));
            const pushes = controller.pushes(features);
            state = memory.step(z, actions[step], state);
            const readout = memory.readout(state.h);
            const outcome = memory.outcome(readout);
            return {
              z: Array.from(z), decoded: Array.from(vision.decode(z)), h: Array.from(state.h),
              predicted: Array.from(memory.predict(readout)), done,
              sampled: Array.from(memory.sample(readout, uniform[step], normal[step], 1.3)),
              outcome: outcome && [outcome.reward, outcome.end], pushes,
            };
          });
        }""",
        views.reshape(count, -1),
        actions,
        uniform,
        normal,
    )
    readout = memory.readout(h[1:])
    theirs = {
        "z": z,
        "decoded": vision.decode(z).reshape(count, -1),
        "h": h[1:],
        "predicted": memory.predict(readout),
        "sampled": memory.sample(readout, uniform, normal, 1.3),
        "done": agent.controllers.rows(np.zeros(count, np.intp)).act(seen),
    }
    if memory.predicts_reward_done:
        theirs["outcome"] = np.stack(memory.outcome(readout), axis=1)
    for name, values in theirs.items():
        found = np.array([step[name] for step in ours])
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-4, err_msg=name)
    if agent.controllers.kind == "linear":
        bias = agent.controllers.arrays(0)["layer1.bias"]
        sums = np.array([step["pushes"] for step in ours]).sum(axis=2) + bias
        np.testing.assert_allclose(np.tanh(sums), theirs["done"], atol=1e-4)


def steps(browser: Browser) -> int:
    return browser.evaluate("play.session.steps")


def text(browser: Browser, element: str) -> str:
    return browser.evaluate(f"document.getElementById('{element}').textContent")


@pytest.mark.parametrize("width", [390, 1280])
def test_every_mode_starts_and_is_driven_by_keys_without_a_complaint(browser, pages, width):
    browser.open(pages / "note.html", width, 844)
    browser.wait_for("play.session.steps > 1")  # C drives at once
    for key, mode in zip("1234", ("watch", "drive", "dream", "both"), strict=True):
        browser.key(key)
        assert browser.evaluate("play.session.name") == mode
        assert not browser.evaluate("play.session.over")
        if mode in ("drive", "dream"):
            assert steps(browser) == 0
            said = "document.getElementById('status').textContent"
            browser.wait_for(f"{said}.includes('to go')")
            browser.key("ArrowUp", up=False)
            browser.key("ArrowLeft", up=False)
            browser.wait_for("Math.min(...play.session.action) > 0.5")  # left, and gas
            browser.key("ArrowUp", down=False)
            browser.key("ArrowLeft", down=False)
        else:
            browser.wait_for("play.session.steps > 1")
        browser.key("p")
        before = steps(browser)
        browser.key(".")
        assert steps(browser) == before + 1
        overflow = "document.documentElement.scrollWidth - window.innerWidth"
        assert browser.evaluate(overflow) <= 0
        night = browser.evaluate("play.session.night")
        browser.key("r")
        assert browser.evaluate("play.session.night") == night + 1
    assert browser.faults == []


def test_side_by_side_the_dream_strays_wakes_and_can_be_steered(browser, pages):
    browser.open(pages / "note.html")
    browser.key("4")
    browser.key("p")
    for _ in range(12):
        browser.key(".")
    apart = "play.session.dream.z.slice((z, i) => z !== play.session.awake.z[i])"
    assert browser.evaluate(apart)
    assert browser.evaluate("play.session.apart.dream.length") == steps(browser) + 1 >= 13
    browser.key("w")
    assert not browser.evaluate(apart)
    browser.key("ArrowRight")
    assert browser.evaluate("play.session.driver") == "you"
    browser.key("c")
    assert browser.evaluate("play.session.driver") == "c"
    browser.key("n")
    assert browser.evaluate("play.session.roadSeed") == 1
    browser.evaluate(
        "temperature.value = -10, temperature.dispatchEvent(new Event('input')), "
        "speed.value = 30, speed.dispatchEvent(new Event('input'))"
    )
    assert browser.evaluate("play.session.dream.temperature") == pytest.approx(0.1)
    assert text(browser, "speed-value") == "30 steps/s"
    assert browser.faults == []


def test_a_finger_drives_too(browser, pages):
    browser.open(pages / "note.html", 390, 844)
    browser.key("2")
    place = "document.querySelector('#pad [data-key=ArrowUp]').getBoundingClientRect()"
    x, y = (browser.evaluate(f"{place}.{axis} + 10") for axis in "xy")
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    browser.wait_for("play.session.action[1] > 0.5")
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.wait_for("play.session.action[1] < 0.5")
    assert browser.faults == []


def test_where_motion_is_not_wanted_nothing_moves_unasked(browser, pages):
    browser.open(pages / "note.html", prefers_reduced_motion="reduce")
    assert text(browser, "pause") == "Play"
    browser.key(".")
    assert steps(browser) == 1


def test_carracing_is_dreamt_from_recorded_beginnings(browser, pages, agents):
    agent = agents["carracing"]
    browser.open(pages / "carracing.html", prefers_color_scheme="dark")
    browser.wait_for("play.session.steps > 1")
    browser.key("2")
    # The page has begun a second dream: the second beginning, 5 steps of past.
    assert browser.evaluate("play.session.night") == 2
    (memory,), begun = agent.memory.members, agent.beginnings
    h, c = np.zeros((2, 1, memory.hidden_size), np.float32)
    for z, action in zip(begun.past_z[1, -5:], begun.past_actions[1, -5:], strict=True):
        h, c = memory.step(z[None], action[None], h, c)
    found = browser.evaluate("Array.from(play.session.dream.state.h)")
    np.testing.assert_allclose(found, h[0], rtol=0, atol=1e-4)
    browser.key("ArrowLeft", up=False)
    browser.wait_for("play.session.steps > 1")
    browser.key("ArrowLeft", down=False)
    assert browser.evaluate("play.session.action[0]") < 0  # left is below 0 in CarRacing
    assert browser.faults == []


@pytest.mark.parametrize("kind", ["note", "carracing"])
def test_the_dream_makes_60_steps_a_second_with_drawing_on_one_core(pages, kind):
    with chromium(*ONE_CORE) as browser:
        browser.open(pages / f"{kind}.html")
        browser.key("2" if kind == "carracing" else "3")
        browser.evaluate("play.measure(30)")
        assert max(browser.evaluate("play.measure(60)") for _ in range(3)) >= 60
