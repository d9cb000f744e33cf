"""polish: drives with noise, what they say of each step, and C that learns from it."""

import json
import sys

import msgspec
import numpy as np
import pytest

from stages import polish as script
from stages import scratch as room
from stages.agent import Agent
from stages.artifacts import Model
from stages.control.controller import Controllers
from stages.errors import ParamsError, UserError
from stages.exploring import STILL, Explorer, Shake, Trial
from stages.grounds import grounds_of
from stages.memory.ensemble import Ensemble
from stages.memory.lstm import DeterministicLSTM
from stages.params import ALONE, Polish, read_params
from stages.perceived import Perceived
from stages.polish import polish
from stages.randomness import Streams
from stages.rollout import Outcome, Recording, recorded_rollout, rollout
from stages.scratch import Scratch
from stages.trained import Trained
from stages.vision.autoencoder import Autoencoder
from tests.two_rounds import QUICK

replace = msgspec.structs.replace
SETTINGS = Polish(
    iterations=4,
    episodes=6,
    noise=0.3,
    smoothing=0.6,
    components=8,
    step=1.0,
    discount=0.9,
    trace=0.9,
    patience=0,
    checked_every=2,
    validation_episodes=5,
)
Z, H = 4, 5
SHAKE = Shake(0.3, 0.6)


@pytest.fixture
def world(quick):
    return replace(quick.world, tracks="random", max_steps=20)


def agent_of(world, sees_h=True, seed=0):
    """Of random weights."""
    rng = np.random.default_rng(seed)
    pixels = int(np.prod(world.view.shape))
    vision = Autoencoder.initial(pixels, 6, Z, rng)
    memory = Ensemble([DeterministicLSTM.initial(Z, 2, H, rng, predict_outcome=True)])
    features = Z + H if sees_h else Z
    genomes = rng.normal(size=(1, 2 * (features + 1)))
    return Trained(vision, memory, Controllers.from_genomes(genomes, (features, 2)))


def streams(seed=0):
    return Streams(seed, "polish")


@pytest.mark.parametrize("sees_h", [True, False])
def test_who_is_not_shaken_drives_as_the_agent(world, sees_h):
    agent, grounds = agent_of(world, sees_h), grounds_of(world)
    roads = grounds.draw(3, np.random.default_rng(1))
    trial = Trial(agent.controllers, roads, STILL, 7, 0)
    came = Explorer(world, agent.vision, agent.memory)(trial)
    expected = rollout(grounds.cars(roads, 3), Agent(*agent))
    np.testing.assert_array_equal(came.outcome.returns, expected.returns)
    np.testing.assert_array_equal(came.outcome.lengths, expected.lengths)
    assert came.features.shape == (expected.lengths.sum(), Z + H if sees_h else Z)
    ends = np.cumsum(came.outcome.lengths)
    sums = np.add.reduceat(came.worth, [0, *ends[:-1]])
    np.testing.assert_allclose(sums, expected.returns)  # where there are no prospects


def test_what_is_said_to_have_been_drawn_is_what_was_done(world):
    agent, grounds = agent_of(world), grounds_of(world)
    roads = grounds.draw(3, np.random.default_rng(1))
    came = Explorer(world, agent.vision, agent.memory)(Trial(agent.controllers, roads, SHAKE, 7, 0))

    class Again:
        """Does what the noise must have made of it."""

        def reset(self, num_cars):
            ends = np.cumsum(came.outcome.lengths)
            self._first = np.array([0, *ends[:-1]])
            self._noise = np.zeros((num_cars, 2))
            self._step = 0

        def keep(self, rows):
            self._first, self._noise = self._first[rows], self._noise[rows]

        def act(self, features):
            now = self._first + self._step
            np.testing.assert_allclose(features, came.features[now], atol=1e-4)
            drawn = came.drawn[now]
            self._noise = 0.6 * self._noise + 0.8 * drawn
            self._step += 1
            w, b = agent.controllers.arrays(0).values()
            return np.tanh(features @ w.T + b + 0.3 * self._noise).astype(np.float32)

    perceived = Perceived(grounds.cars(roads, 3), agent.vision, agent.memory)
    again = rollout(perceived, Again())
    np.testing.assert_allclose(again.returns, came.outcome.returns, atol=1e-3)
    assert came.drawn.std() == pytest.approx(1, abs=0.2)


def test_what_comes_when_nothing_is_left_to_be_earned_teaches_nothing(carracing):
    """In the toy the last fifth of the road is worth nothing: it is told to be behind already."""
    agent = agent_of(carracing.world)
    forwards = np.zeros((1, 20))
    forwards[0, -1] = 2.0  # gas
    driver = Controllers.from_genomes(forwards, (Z + H, 2))
    explorer = Explorer(carracing.world, agent.vision, agent.memory)
    roads = [70000, 70003]
    whole = explorer(Trial(driver, roads, STILL, 7, 0))
    assert whole.lengths.tolist() == whole.outcome.lengths.tolist()
    grounds = explorer._grounds
    prospects = grounds.prospects

    def sooner(outcome, recording):
        info = {**recording.info, "passed": np.minimum(1, recording.info["passed"] / 0.8)}
        return prospects(outcome, Recording(recording.observations, info, *recording_rest))

    recording_rest = (np.zeros((0, 2), np.float32), np.zeros(0))
    grounds.prospects = sooner
    less = explorer(Trial(driver, roads, STILL, 7, 0))
    assert (less.lengths < whole.lengths).all()
    assert (less.lengths > whole.lengths * 0.6).all()
    assert len(less.features) == len(less.drawn) == len(less.worth) == less.lengths.sum()
    np.testing.assert_array_equal(
        less.features[: less.lengths[0]], whole.features[: less.lengths[0]]
    )
    second = whole.features[whole.lengths[0] :]
    np.testing.assert_array_equal(less.features[less.lengths[0] :], second[: less.lengths[1]])


def carracing_recording(passed, laps=None):
    """Of one car that came so far, frame by frame."""
    frames = len(passed)
    info = {"passed": np.array(passed, float), "laps": np.array(laps or passed, float)}
    nothing = np.zeros((frames - 1, 2), np.float32)
    recording = Recording(np.zeros((frames, 1)), info, nothing, np.zeros(frames - 1))
    lengths = np.array([frames - 1])
    return Outcome(np.zeros(1), lengths, np.zeros(1, bool), np.zeros(1)), recording


def prospects(params, passed):
    return grounds_of(params.world).prospects(*carracing_recording(passed))


def test_what_can_still_be_earned_is_the_road_ahead_or_the_time_left(carracing):
    steps = carracing.world.max_steps
    early = prospects(carracing, [0.0, 0.5, 1.0])
    assert 850 < early[0] < 1000  # most of the road can be driven in the time that there is
    assert early[1] == pytest.approx(500, abs=1)
    assert early[2] == pytest.approx(0, abs=1)
    late = prospects(carracing, [0.1] * (steps + 1))
    assert late[-1] == pytest.approx(0, abs=1e-3)
    assert (np.diff(late) < 0).all()
    half = steps // 2  # too late to come round: a step is worth its time
    assert late[half] == pytest.approx(1.125 * 500, rel=0.02)


def test_a_missed_tile_is_lost_when_it_is_passed_and_time_costs_little_while_there_is_enough(
    carracing,
):
    steps = carracing.world.max_steps
    passed = np.minimum(1.25 * np.arange(steps + 1) / steps, 1)  # a quarter faster than needed
    there = prospects(carracing, passed)
    tile = 1000 * (passed[1] - passed[0])
    middle = steps // 2
    assert there[middle] - there[middle + 1] == pytest.approx(tile, rel=0.05)
    standing = passed.copy()
    standing[middle + 1 :] = passed[middle]
    lost = there[middle] - prospects(carracing, standing)[middle + 1]
    assert 0 <= lost < 0.2 * tile


def test_a_simulator_that_does_not_say_where_a_car_is_is_refused(carracing):
    outcome, recording = carracing_recording([0, 0.1])
    del recording.info["passed"]
    with pytest.raises(ParamsError, match=r"^world\.simulator: must be gymnasium for polish"):
        grounds_of(carracing.world).prospects(outcome, recording)


def test_a_car_that_goes_nowhere_learns_to_drive(carracing):
    """In the toy: forwards is good, and what is seen does not matter."""
    world = replace(carracing.world, max_steps=12)
    agent = agent_of(world)
    still = Controllers.from_genomes(np.zeros((1, 20)), (Z + H, 2))
    settings = replace(SETTINGS, iterations=12, episodes=24, components=2, checked_every=4)
    polished, report = polish(settings, world, agent._replace(controllers=still), streams())
    found = report.metrics
    assert found["start_return"] == 0
    assert found["real_return"] > 5
    assert found["chosen_iteration"] in (4, 8, 12)
    assert polished.arrays(0)["layer1.bias"][1] > 0.1
    assert [row["iteration"] for row in report.curve] == list(range(1, 13))
    assert report.curve[-1]["real"] == found["real_return"]
    assert found["episodes"] == 12 * 24


def test_where_it_began_is_kept_if_nothing_was_better(world, monkeypatch):
    agent = agent_of(world)
    worse = replace(SETTINGS, step=50.0, iterations=2, checked_every=1)
    returns = iter([5.0, 4.0, 3.0])
    figures = Outcome.figures
    monkeypatch.setattr(
        Outcome, "figures", lambda self: {**figures(self), "mean_return": next(returns)}
    )
    polished, report = polish(worse, world, agent, streams())
    assert report.metrics["chosen_iteration"] == 0
    for name, array in agent.controllers.arrays(0).items():
        np.testing.assert_array_equal(polished.arrays(0)[name], array)
    assert [row["real"] for row in report.curve] == [5.0, 5.0]


def test_nothing_at_all_may_be_tried(world):
    _, report = polish(replace(SETTINGS, iterations=0), world, agent_of(world), streams())
    assert report.metrics["real_return"] == report.metrics["start_return"]
    assert report.curve == []


def test_the_same_whoever_works(world):
    agent = agent_of(world)
    alone, _ = polish(SETTINGS, world, agent, streams(), compute=ALONE)
    two = replace(ALONE, executor="processes", workers=2)
    shared, _ = polish(SETTINGS, world, agent, streams(), compute=two)
    for name, array in alone.arrays(0).items():
        np.testing.assert_array_equal(shared.arrays(0)[name], array)


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_a_run_that_was_stopped_goes_on_and_ends_alike(world, tmp_path, monkeypatch, last):
    monkeypatch.setattr(room, "INTERVAL", 0.0)
    monkeypatch.setattr(room, "SHARE", 1e9)
    agent = agent_of(world)
    whole, told = polish(SETTINGS, world, agent, streams())
    learn, steps = script.learn, []

    def stopping(*arguments):
        if len(steps) == last:
            raise StoppedError
        steps.append(1)
        learn(*arguments)

    scratch = Scratch(tmp_path, "as it was")
    monkeypatch.setattr(script, "learn", stopping)
    with pytest.raises(StoppedError):
        polish(SETTINGS, world, agent, streams(), scratch)
    monkeypatch.setattr(script, "learn", learn)
    drives = []
    monkeypatch.setattr(script, "learn", lambda *each: (drives.append(1), learn(*each)))
    again, said = polish(SETTINGS, world, agent, streams(), scratch)
    assert len(drives) == SETTINGS.iterations - last
    for name, array in whole.arrays(0).items():
        np.testing.assert_array_equal(again.arrays(0)[name], array)
    assert said == told


def test_a_c_with_a_hidden_layer_is_refused(world):
    agent = agent_of(world)
    size = 3 * (Z + H + 1) + 2 * (3 + 1)
    deep = Controllers.from_genomes(np.zeros((1, size)), (Z + H, 3, 2))
    with pytest.raises(UserError, match="a C with a hidden layer cannot be polished"):
        polish(SETTINGS, world, agent._replace(controllers=deep), streams())


def test_steps_without_measure_are_refused(world, monkeypatch):
    def learn(self, *_):
        self.genome = self.genome * np.float64(1e300)

    monkeypatch.setattr(script.ActorCritic, "learn", learn)
    with pytest.raises(ParamsError, match=r"^polish\.step: C has grown beyond all numbers with 1;"):
        polish(SETTINGS, world, agent_of(world), streams())


def run(folder, *files, section=True, settings=()):
    text = QUICK.read_text(encoding="utf-8")
    if section:
        lines = [f"  {name}: {value}" for name, value in msgspec.to_builtins(SETTINGS).items()]
        text += "\npolish:\n" + "\n".join(lines) + "\n"
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    options = [f"--set={each}" for each in ("world.tracks=random", "compute.workers=1", *settings)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["polish", *files, "--reports", ".", *options])
        script.main()


@pytest.fixture
def folder(quick, tmp_path):
    vision, memory, controllers = agent_of(quick.world)
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    Model(memory.kind, memory.arrays()).write(tmp_path / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(tmp_path / "c.npz")
    return tmp_path


FILES = ("v.npz", "m.npz", "c.npz", "polished.npz")


def test_the_stage_writes_a_c_what_it_came_to_and_how(folder, capsys):
    run(folder, *FILES)
    found = json.loads((folder / "metrics/polish.json").read_text())
    assert found["real_return"] >= found["start_return"]
    assert f"polish: return {found['real_return']:+.2f} +- " in capsys.readouterr().out
    header, *rows = (folder / "curves/polish.csv").read_text().splitlines()
    assert header == "iteration,tried,laps,real"
    assert len(rows) == SETTINGS.iterations
    polished = Model.read(folder / "polished.npz", "polish")
    assert polished.kind == "linear"
    first = (folder / "polished.npz").read_bytes()
    run(folder, *FILES)
    assert (folder / "polished.npz").read_bytes() == first


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"section": False}, "params.yaml: polish: missing; this stage needs the section"),
        ({"settings": ["polish.noise=0"]}, "params.yaml: polish.noise: expected float >= 0.001"),
        ({"settings": ["polish.nose=1"]}, "polish.nose: unknown key; did you mean 'noise'?"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(folder, more, said):
    with pytest.raises(SystemExit) as stop:
        run(folder, *FILES, **more)
    assert said in str(stop.value)
    assert not (folder / "polished.npz").exists()


def test_params_without_the_section_are_whole_and_those_with_half_of_it_are_not(tmp_path):
    assert read_params(QUICK).polish is None
    (tmp_path / "half.yaml").write_text(QUICK.read_text() + "\npolish:\n  iterations: 2\n")
    with pytest.raises(UserError, match=r"half\.yaml: polish\.\w+: missing; every key must be"):
        read_params(tmp_path / "half.yaml")


def test_what_is_perceived_of_a_car_that_is_kept_is_its_own(world):
    agent, grounds = agent_of(world), grounds_of(world)
    roads = grounds.draw(3, np.random.default_rng(1))
    whole, part = (Perceived(grounds.cars(roads, 3), agent.vision, agent.memory) for _ in range(2))
    actions = np.random.default_rng(2).uniform(-1, 1, (4, 3, 2))
    for each in (whole, part):
        first, _ = each.reset()
        assert not first[:, Z:].any()
        each.step(actions[0])
    rows = np.array([2, 0])
    part.keep(rows)
    for action in actions[1:]:
        seen, rewards, *_ = whole.step(action)
        mine, own, *_ = part.step(action[rows])
        np.testing.assert_allclose(mine, seen[rows], atol=1e-5)
        np.testing.assert_array_equal(own, rewards[rows])
    assert recorded_rollout(whole, agent_policy(agent), store=np.copy)[1].observations.shape[1] == 9


def agent_policy(agent):
    from stages.agent import Dreamer

    return Dreamer(agent.controllers)
