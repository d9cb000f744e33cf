"""The same bytes on any executor, in memory and as scripts; and the variable that selects it."""

import os
import re
import subprocess
import sys

import msgspec
import pytest

from benchmarks.learning import learn, run_evaluate
from tests.support.clusters import ROOT, Cluster
from worldmodels.envs.racing.task import RacingTask
from worldmodels.pipeline.config.params import INLINE

replace = msgspec.structs.replace
QUICK = ROOT / "recipes" / "quick" / "params.yaml"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), workers=2) as started:
        yield started


def test_the_whole_search_gives_the_same_bytes_on_every_executor(cluster, quick, monkeypatch):
    for name, value in (("shard_episodes", True), ("max_envs", 8)):  # as in CarRacing
        monkeypatch.setattr(RacingTask, name, value)
    settings = replace(quick.evolve_c, generations=2, episodes=12, population=6)
    params = replace(
        quick,
        env=replace(quick.env, tracks="random"),
        evolve_c=settings,
        evaluate=replace(quick.evaluate, episodes=12),  # two shards, as in collect
    )
    processes = replace(INLINE, executor="processes", workers=3)
    dask = replace(INLINE, executor="dask", scheduler=cluster.address)
    results = set()
    for compute in (INLINE, processes, dask):
        agent = learn(replace(params, compute=compute))
        episodes, result = run_evaluate(params, agent)
        weights = agent.controllers.arrays(0)["layer1.weight"]
        numbers = str(result.metrics) + str(result.details)
        results.add((weights.tobytes(), episodes.rewards.tobytes(), numbers))
    assert len(results) == 1


def test_scripts_write_the_same_bytes_on_a_cluster_with_an_ensemble(cluster, tmp_path):
    """Run as `python -m`, where a worker cannot unpickle a class of the script itself."""
    settings = ("train_m.ensemble_size=2", "evolve_c.generations=2")
    stages = {
        "collect": ["r.h5"],
        "train_v": ["r.h5", "v.npz"],
        "encode": ["r.h5", "v.npz", "l.h5"],
        "train_m": ["l.h5", "m.npz"],
        "evolve_c": ["l.h5", "v.npz", "m.npz", "c.npz"],
        "evaluate": ["v.npz", "m.npz", "c.npz", "e.h5"],
    }
    written = {}
    for compute in ("executor=inline", f"executor=dask scheduler={cluster.address}"):
        folder = tmp_path / compute.split()[0]
        folder.mkdir()
        for stage, files in stages.items():
            options = [f"--set={setting}" for setting in settings]
            result = run_stage(stage, [*files, *options], folder, compute)
            assert result.returncode == 0, result.stderr
        written[compute] = {name: (folder / name).read_bytes() for name in ("m.npz", "c.npz")}
    inline, on_cluster = written.values()
    assert inline == on_cluster


@pytest.mark.parametrize(
    ("compute", "answer"),
    [
        ("executor", r"collect: environment variable WORLDMODELS_COMPUTE: should be KEY=VALUE"),
        ("executor=dusk", r"compute\.executor: .*dusk"),
        ("executor=dask scheduler=there", r"compute\.scheduler: .*there"),
        ("executor=dask scheduler=ws://there:1", r"compute\.scheduler: .*tls://host:port; .*ws://"),
    ],
)
def test_an_invalid_value_of_the_variable_is_reported(compute, answer, tmp_path):
    result = run_stage("collect", ["r.h5"], tmp_path, compute)
    assert result.returncode == 1
    assert re.search(answer, result.stderr), result.stderr
    assert not (tmp_path / "r.h5").exists()


def run_stage(stage, arguments, folder, compute):
    return subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", *arguments, "--params", str(QUICK)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "WORLDMODELS_COMPUTE": compute},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
