"""What the stages ask of a world, of either kind."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from benchmarks.learning import drive, learn
from stages import visualize
from stages.collect import collect
from tests.support.imports import ROOT, imported_files
from worldmodels.envs.carracing.task import TESTS
from worldmodels.envs.racing.track import Track
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import RolloutWorker
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation, CarRacingRollouts, Model
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace
PURPOSES = (
    *(("collect", "tracks"), ("evolve_c", "tracks")),
    *(("evolve_c", "validation tracks"), ("evolve_c", "random tracks")),
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["quick", "carracing"])
def test_grounds_say_of_a_world_what_it_then_is(request, kind):
    params = request.getfixturevalue(kind)
    task = make_task(params.env)
    places = task.sample_tracks(3, rng())
    env = task.make_env(places, 6)
    observations, info = env.reset()
    assert observations.shape == (6, *task.observation_shape)
    assert (env.num_envs, env.max_steps) == (6, task.max_steps)
    assert env.step(np.zeros((6, task.action_size)))[0].shape == observations.shape
    assert info["laps"].shape == (6,)
    assert len({*places, *task.sample_tracks(3, rng())}) == len(places)  # equal draws, equal places


def test_nobody_learns_on_the_seeds_of_the_final_drives(carracing):
    task = make_task(carracing.env)
    drawn = [
        seed
        for number in range(3)
        for stage, purpose in PURPOSES
        for seed in task.sample_tracks(100, RandomStreams(number, stage)(purpose))
    ]
    assert min(drawn) >= TESTS
    assert max(drawn) < 2**31
    assert len(set(drawn)) == len(drawn)
    tests = task.test_tracks(RandomStreams(5, "evaluate")("tracks"))
    assert [*tests(3), *tests(4)] == list(range(7))  # in two batches


def test_more_final_drives_than_there_are_seeds_for_them_are_refused(carracing):
    tests = make_task(carracing.env).test_tracks(rng())
    assert tests(TESTS)[-1] == TESTS - 1
    with pytest.raises(
        ParamsError, match=r"^evaluate: episodes and baseline_episodes must be at most 65536"
    ):
        tests(1)


def test_c_and_the_random_policy_drive_the_same_tracks_in_the_end(carracing):
    task = make_task(carracing.env)
    first, second = (task.test_tracks(RandomStreams(0, "evaluate")("tracks"))(4) for _ in range(2))
    assert first == second == [0, 1, 2, 3]


def test_a_simulator_that_is_not_there_is_said_with_its_key(carracing, monkeypatch):
    monkeypatch.setitem(sys.modules, "stages.worlds.envpool_carracing", None)
    task = make_task(replace(carracing.env, simulator="envpool"))
    with pytest.raises(ParamsError, match=r"^world\.simulator: envpool cannot be used here: "):
        task.make_env([1], 1)


def test_tracks_of_the_same_numbers_are_the_same_track():
    assert Track() == Track()
    assert len({Track(), Track(half_width=1.3), Track()}) == 2
    assert Track() != "a track"


def test_a_fleet_puts_cars_on_the_same_places_once(carracing):
    worker = RolloutWorker(carracing.env, None, None, (3, 2), carracing.evolve_c)
    for places in ([70_000, 70_001], [70_000, 70_001], [70_002]):
        worker.drive(Standing(), places, 2)
        assert list(worker._envs) == [(2, *places)]


LOADED = """
import sys
from stages.collect import main
main()
print(*(name for name in sys.modules if name.startswith("stages")))
"""


def test_what_a_stage_has_loaded_in_the_end_is_what_it_is_said_to_depend_on(tmp_path):
    """And so nothing of a world that it does not drive in."""
    options = ["--params", "recipes/quick/params.yaml", "--reports", tmp_path]
    result = subprocess.run(
        [sys.executable, "-c", LOADED, tmp_path / "rollouts.h5", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.replace(".", "/") for name in result.stdout.splitlines()[-1].split()}
    listed = {
        path.removesuffix(".py").removesuffix("/__init__")
        for path in imported_files("stages/collect.py")
    }
    assert loaded == listed
    other = imported_files("stages/collect.py", demands=("carracing",))
    assert "stages/carracing_grounds.py" in other
    assert not {"stages/racing_grounds.py", "worldmodels/worlds/racing.py"} & other


@pytest.mark.parametrize("inputs", ["z", "zh"])
def test_the_whole_procedure_runs_in_carracing(carracing, inputs):
    params = replace(carracing, evolve_c=replace(carracing.evolve_c, inputs=inputs))
    learned = learn(params)
    drives, report = drive(params, learned)
    assert isinstance(drives, CarRacingEvaluation)
    np.testing.assert_array_equal(drives.track_seeds, [0, 1, 2, 3] * 2)
    by_c = report.metrics["controller"]
    assert by_c["finished_share"] == drives.finished[drives.by_controller].mean()
    assert set(report.metrics["random"]) == {*by_c} - {"laps"}
    assert learned.reports["evolve_c"].metrics["baseline_return"] > 0


def test_carracings_rollouts_remember_seeds_laps_and_who_came_round(carracing):
    settings = replace(carracing.collect, policy="random_weights", episodes=60)
    rollouts, _ = collect(settings, carracing.env, RandomStreams(0, "collect"))
    assert isinstance(rollouts, CarRacingRollouts)
    assert rollouts.observations.shape[1:] == (28, 32, 3)
    assert rollouts.track_seeds.min() >= TESTS
    assert len(set(rollouts.track_seeds)) == 64
    assert 0 < rollouts.finished.sum() < 64
    np.testing.assert_array_equal(rollouts.finished, rollouts.laps >= 1)


def test_the_notes_pictures_are_not_drawn_of_another_world(carracing, tmp_path, monkeypatch):
    rollouts, _ = collect(carracing.collect, carracing.env, RandomStreams(0, "collect"))
    path = tmp_path / "r.h5"
    rollouts.write(path)
    vision = Autoencoder.initial(28 * 32 * 3, 4, 3, rng())
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    files = [path, tmp_path / "v.npz", tmp_path / "d.h5", "--reports", tmp_path]
    monkeypatch.setattr(sys, "argv", ["visualize", *map(str, files)])
    with pytest.raises(SystemExit) as stop:
        visualize.main()
    assert stop.value.posterior == (
        f"visualize: {path}: it holds rollouts of carracing; only rollouts of racing will do here"
    )


class Standing:
    def reset(self, num_envs):
        self.num_envs = num_envs

    def keep(self, rows):
        self.num_envs = len(rows)

    def act(self, observations):
        return np.zeros((self.num_envs, 2))
