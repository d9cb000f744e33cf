"""The stages in Doom: the same bytes on any number of workers, and nothing left by a kill."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
import yaml

from benchmarks.learning import learn, run_evaluate
from stages.collect import collect
from stages.evaluate_controls import evaluate_controls
from tests.support.doom import (
    PARAMS,
    engine_processes,
    needs_vizdoom,
    runs,
    shared_files,
    wait_until,
)
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml
from worldmodels.envs.doom.task import DoomTask
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import DoomEvaluation, DoomRollouts, Rollouts
from worldmodels.rollout.seed_tracks import TEST_SEEDS

pytestmark = needs_vizdoom
replace = msgspec.structs.replace
TWO = replace(INLINE, executor="processes", workers=2)


@pytest.fixture
def small(quick):
    """The quick recipe in Doom, smaller."""
    return replace(
        quick,
        env=PARAMS,
        collect=replace(quick.collect, episodes=2, held_out_episodes=1),
        train_v=replace(quick.train_v, hidden=16),
        train_m=replace(quick.train_m, predict_reward_done=True),
        evolve_c=replace(
            quick.evolve_c, train_in="dream", generations=2, population=4, baseline_episodes=1
        ),
        evaluate=replace(quick.evaluate, episodes=3, baseline_episodes=1),
        compute=INLINE,
    )


def test_the_stages_run_and_the_same_bytes_come_on_one_worker_and_two(small, tmp_path, monkeypatch):
    monkeypatch.setattr(DoomTask, "max_envs", 2)  # several shards of few engines

    def rollouts(compute):
        streams = RandomStreams(small.seed, "collect")
        return collect(small.collect, make_task(small.env), streams, compute=compute)[0]

    first, second = rollouts(INLINE), rollouts(TWO)
    assert same(first, second)
    assert isinstance(first, DoomRollouts)
    assert first.track_seeds.min() >= TEST_SEEDS
    assert len(set(first.track_seeds)) == 3
    starts = first.first_frame[:-1]
    assert first.health[starts].tolist() == [100] * 3
    np.testing.assert_array_equal(first.health[first.first_frame[1:] - 1] <= 0, first.terminated)
    assert first.rewards.max() == 4
    first.write(tmp_path / "rollouts.h5")
    assert type(Rollouts.read(tmp_path / "rollouts.h5")) is DoomRollouts
    agent = learn(small)
    episodes, result = run_evaluate(small, agent)
    assert isinstance(episodes, DoomEvaluation)
    assert episodes.track_seeds.tolist() == [*range(3), 0]
    assert result.metrics["terminated"] == episodes.terminated[episodes.by_controller].sum()
    assert same(episodes, run_evaluate(replace(small, compute=TWO), agent)[0])
    settings = replace(small.evaluate, baseline_episodes=3)
    streams = RandomStreams(small.seed, "evaluate_controls")
    controls, again, blind = (
        evaluate_controls(settings, make_task(small.env, observed), episodes, streams, compute)
        for compute, observed in ((INLINE, True), (TWO, True), (TWO, False))
    )
    assert controls == again == blind
    assert controls.details["left"]["mean_length"] <= PARAMS.max_steps
    assert {row["still"] for row in controls.curve} != {row["left"] for row in controls.curve}


def same(ours, theirs):
    return [array.tobytes() for array in map(np.asarray, ours._arrays().values())] == [
        array.tobytes() for array in map(np.asarray, theirs._arrays().values())
    ]


@pytest.mark.parametrize("victim", ["the stage", "a worker"])
def test_no_engine_outlives_a_stage_that_is_killed(small, tmp_path, victim):
    params = parse_yaml((ROOT / "recipes/quick/params.yaml").read_text(encoding="utf-8"))
    params["env"] = {"kind": "doom", **msgspec.to_builtins(PARAMS)}
    params["collect"]["episodes"] = 5000
    params["compute"]["workers"] = 2
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    before = shared_files()
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.collect", "rollouts.h5"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    stage = psutil.Process(process.pid)
    with process:
        assert wait_until(lambda: len(running_engines(stage)) > 1)
        family = [stage, *stage.children(recursive=True)]
        worker = running_engines(stage)[0].parent().parent()
        (stage if victim == "the stage" else worker).kill()
        words = process.stderr.read()
    assert process.returncode == (-9 if victim == "the stage" else 1)
    assert victim == "the stage" or "a worker process died" in words
    assert wait_until(lambda: not any(map(psutil.Process.is_running, family)))
    assert wait_until(lambda: not shared_files() - before)
    assert not [path for path in Path(tmp_path).iterdir() if "vizdoom" in path.name]


def running_engines(stage):
    return [each for each in engine_processes(stage) if runs(each, ("vizdoom/vizdoom",))]
