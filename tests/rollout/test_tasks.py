"""The tasks of both environments, and the whole pipeline in CarRacing."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn, run_evaluate
from stages import visualize
from stages.collect import collect
from tests.support.project import ROOT
from tests.support.zero_policy import ZeroPolicy
from tools.rooms import import_closure
from worldmodels.envs.racing.track import Track
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import RolloutWorker
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation, CarRacingRollouts, Model
from worldmodels.rollout.seed_tracks import TEST_SEEDS
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace
PURPOSES = (
    *(("collect", "tracks"), ("evolve_c", "tracks")),
    *(("evolve_c", "validation tracks"), ("evolve_c", "random tracks")),
    *(("evaluate_controls", "validation tracks"), ("train_c", "validation tracks")),
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["quick", "carracing"])
def test_the_environment_is_as_its_task_describes_it(request, kind):
    params = request.getfixturevalue(kind)
    task = make_task(params.env)
    tracks = task.sample_tracks(3, rng())
    env = task.make_env(tracks, 6)
    observations, info = env.reset()
    assert observations.shape == (6, *task.observation_shape)
    assert (env.num_envs, env.max_steps) == (6, task.max_steps)
    assert env.step(np.zeros((6, task.action_size)))[0].shape == observations.shape
    assert info["lap_fraction"].shape == (6,)
    assert len({*tracks, *task.sample_tracks(3, rng())}) == len(tracks)  # equal draws are equal


def test_no_stage_learns_on_the_seeds_of_the_test_tracks(carracing):
    task = make_task(carracing.env)
    seeds = [
        seed
        for number in range(3)
        for stage, purpose in PURPOSES
        for seed in task.sample_tracks(100, RandomStreams(number, stage)(purpose))
    ]
    assert min(seeds) >= TEST_SEEDS
    assert max(seeds) < 2**31
    assert len(set(seeds)) == len(seeds)
    tests = task.test_tracks(RandomStreams(5, "evaluate")("tracks"))
    assert [*tests(3), *tests(4)] == list(range(7))  # in two batches


def test_more_test_episodes_than_test_seeds_are_refused(carracing):
    tests = make_task(carracing.env).test_tracks(rng())
    assert tests(TEST_SEEDS)[-1] == TEST_SEEDS - 1
    with pytest.raises(
        ParamsError, match=r"^evaluate: episodes and baseline_episodes must be at most 65536"
    ):
        tests(1)


def test_c_and_the_random_policy_are_evaluated_on_the_same_tracks(carracing):
    task = make_task(carracing.env)
    first, second = (task.test_tracks(RandomStreams(0, "evaluate")("tracks"))(4) for _ in range(2))
    assert first == second == [0, 1, 2, 3]


def test_tracks_of_equal_parameters_are_equal():
    assert Track() == Track()
    assert len({Track(), Track(half_width=1.3), Track()}) == 2
    assert Track() != "a track"


def test_a_worker_keeps_its_environment_while_the_tracks_are_the_same(carracing):
    worker = RolloutWorker(make_task(carracing.env), None, None, (3, 2), carracing.evolve_c)
    environments = []
    for tracks in ([70_000, 70_001], [70_000, 70_001], [70_002]):
        worker.run(ZeroPolicy(), tracks, 2)
        assert list(worker._envs) == [(2, *tracks)]
        environments += worker._envs.values()
    assert environments[0] is environments[1] is not environments[2]


LOADED = """
import sys
from stages.collect import main
main()
print(*(name for name in sys.modules if name.startswith(("stages", "worldmodels"))))
"""


def test_a_stage_imports_exactly_the_files_that_dvc_yaml_is_derived_from(tmp_path):
    """And so nothing of the environment that it does not run in."""
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
        for path in import_closure("stages/collect.py")
    }
    assert loaded - {"stages"} == listed  # of the package `stages` no result depends
    other = import_closure("stages/collect.py", demands=("carracing",))
    assert "worldmodels/envs/carracing/task.py" in other
    assert not {path for path in other if path.startswith("worldmodels/envs/racing/")}


@pytest.mark.parametrize("inputs", ["z", "zh"])
def test_the_whole_pipeline_runs_in_carracing(carracing, inputs):
    params = replace(carracing, evolve_c=replace(carracing.evolve_c, inputs=inputs))
    agent = learn(params)
    episodes, result = run_evaluate(params, agent)
    assert isinstance(episodes, CarRacingEvaluation)
    np.testing.assert_array_equal(episodes.track_seeds, [0, 1, 2, 3] * 2)
    controller = result.details["controller"]
    assert controller["finished_share"] == episodes.finished[episodes.by_controller].mean()
    assert set(result.details["baseline"]) == {*controller} - {"lap_fraction"}
    assert agent.results["evolve_c"].metrics["baseline_return"] > 0


def test_rollouts_of_carracing_store_seeds_and_finished_laps(carracing):
    settings = replace(carracing.collect, policy="random_weights", episodes=60)
    rollouts, _ = collect(settings, make_task(carracing.env), RandomStreams(0, "collect"))
    assert isinstance(rollouts, CarRacingRollouts)
    assert rollouts.observations.shape[1:] == (28, 32, 3)
    assert rollouts.track_seeds.min() >= TEST_SEEDS
    assert len(set(rollouts.track_seeds)) == 64
    assert 0 < rollouts.finished.sum() < 64
    np.testing.assert_array_equal(rollouts.finished, rollouts.lap_fraction >= 1)


def test_visualize_refuses_tables_of_another_environment(carracing, tmp_path, monkeypatch):
    task = make_task(carracing.env)
    rollouts, _ = collect(carracing.collect, task, RandomStreams(0, "collect"))
    path = tmp_path / "r.h5"
    rollouts.write(path)
    vision = Autoencoder.initial(28 * 32 * 3, 4, 3, rng())
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    files = [path, *(tmp_path / name for name in ("v.npz", "m.npz", "e.h5")), "--reports", tmp_path]
    monkeypatch.setattr(sys, "argv", ["visualize", *map(str, files)])
    with pytest.raises(SystemExit) as stop:
        visualize.main()
    assert stop.value.code == (
        f"visualize: {path}: it holds rollouts of carracing; only rollouts of racing will do here"
    )
