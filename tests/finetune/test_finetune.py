"""polish: C that learns on from its tries, is checked on the way, and goes on where it stopped."""

import json
import sys

import msgspec
import numpy as np
import pytest

from stages import finetune_c as script
from tests.support.small_agents import H, Z, agent_of
from tests.support.two_rounds import QUICK
from worldmodels.controller.controller import Controllers
from worldmodels.finetune.collector import ActionNoise
from worldmodels.finetune.loop import finetune
from worldmodels.pipeline import checkpoints as room
from worldmodels.pipeline.checkpoints import Checkpoints
from worldmodels.pipeline.config.params import INLINE, FinetuneC
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model
from worldmodels.rollout.loop import EpisodeStats

replace = msgspec.structs.replace
SETTINGS = FinetuneC(
    iterations=4,
    episodes=6,
    noise=0.3,
    smoothing=0.6,
    components=8,
    step=1.0,
    discount=0.9,
    trace=0.9,
    patience=0,
    eval_every=2,
    validation_episodes=5,
)
SHAKE = ActionNoise(0.3, 0.6)


@pytest.fixture
def env(quick):
    return replace(quick.env, tracks="random", max_steps=20)


def streams(seed=0):
    return RandomStreams(seed, "polish")


def test_a_car_that_goes_nowhere_learns_to_drive(carracing):
    """In the toy: forwards is good, and what is seen does not matter."""
    env = replace(carracing.env, max_steps=12)
    agent = agent_of(env)
    still = Controllers.from_genomes(np.zeros((1, 20)), (Z + H, 2))
    settings = replace(SETTINGS, iterations=12, episodes=24, components=2, eval_every=4)
    polished, report = finetune(settings, env, agent._replace(controllers=still), streams())
    found = report.metrics
    assert found["start_return"] == 0
    assert found["real_return"] > 5
    assert found["chosen_iteration"] in (4, 8, 12)
    assert polished.arrays(0)["layer1.bias"][1] > 0.1
    assert [row["iteration"] for row in report.curve] == list(range(1, 13))
    assert report.curve[-1]["real"] == found["real_return"]
    assert found["episodes"] == 12 * 24


def test_where_it_began_is_kept_if_nothing_was_better(env, monkeypatch):
    agent = agent_of(env)
    worse = replace(SETTINGS, step=50.0, iterations=2, eval_every=1)
    returns = iter([5.0, 4.0, 3.0])
    figures = EpisodeStats.figures
    monkeypatch.setattr(
        EpisodeStats, "figures", lambda self: {**figures(self), "mean_return": next(returns)}
    )
    polished, report = finetune(worse, env, agent, streams())
    assert report.metrics["chosen_iteration"] == 0
    for name, array in agent.controllers.arrays(0).items():
        np.testing.assert_array_equal(polished.arrays(0)[name], array)
    assert [row["real"] for row in report.curve] == [5.0, 5.0]


def test_nothing_at_all_may_be_tried(env):
    _, report = finetune(replace(SETTINGS, iterations=0), env, agent_of(env), streams())
    assert report.metrics["real_return"] == report.metrics["start_return"]
    assert report.curve == []


def test_the_same_whoever_works(env):
    agent = agent_of(env)
    alone, _ = finetune(SETTINGS, env, agent, streams(), compute=INLINE)
    two = replace(INLINE, executor="processes", workers=2)
    shared, _ = finetune(SETTINGS, env, agent, streams(), compute=two)
    for name, array in alone.arrays(0).items():
        np.testing.assert_array_equal(shared.arrays(0)[name], array)


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_a_run_that_was_stopped_goes_on_and_ends_alike(env, tmp_path, monkeypatch, last):
    monkeypatch.setattr(room, "INTERVAL", 0.0)
    monkeypatch.setattr(room, "SHARE", 1e9)
    agent = agent_of(env)
    whole, told = finetune(SETTINGS, env, agent, streams())
    learn, steps = script.learn, []

    def stopping(*arguments):
        if len(steps) == last:
            raise StoppedError
        steps.append(1)
        learn(*arguments)

    checkpoints = Checkpoints(tmp_path, "as it was")
    monkeypatch.setattr(script, "learn", stopping)
    with pytest.raises(StoppedError):
        finetune(SETTINGS, env, agent, streams(), checkpoints)
    monkeypatch.setattr(script, "learn", learn)
    drives = []
    monkeypatch.setattr(script, "learn", lambda *each: (drives.append(1), learn(*each)))
    again, said = finetune(SETTINGS, env, agent, streams(), checkpoints)
    assert len(drives) == SETTINGS.iterations - last
    for name, array in whole.arrays(0).items():
        np.testing.assert_array_equal(again.arrays(0)[name], array)
    assert said == told


def test_a_c_with_a_hidden_layer_is_refused(env):
    agent = agent_of(env)
    size = 3 * (Z + H + 1) + 2 * (3 + 1)
    deep = Controllers.from_genomes(np.zeros((1, size)), (Z + H, 3, 2))
    with pytest.raises(UserError, match="a C with a hidden layer cannot be polished"):
        finetune(SETTINGS, env, agent._replace(controllers=deep), streams())


def test_steps_without_measure_are_refused(env, monkeypatch):
    def learn(self, *_):
        self.genome = self.genome * np.float64(1e300)

    monkeypatch.setattr(script.ActorCritic, "learn", learn)
    with pytest.raises(ParamsError, match=r"^polish\.step: C has grown beyond all numbers with 1;"):
        finetune(SETTINGS, env, agent_of(env), streams())


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
    vision, memory, controllers = agent_of(quick.env)
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
    assert read_params(QUICK).finetune is None
    (tmp_path / "half.yaml").write_text(QUICK.read_text() + "\npolish:\n  iterations: 2\n")
    with pytest.raises(UserError, match=r"half\.yaml: polish\.\w+: missing; every key must be"):
        read_params(tmp_path / "half.yaml")
