"""Work on a Dask cluster: the same bytes, whoever is lost on the way, and faults in a line."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import msgspec
import pytest
from distributed import Client

from benchmarks.learning import drive, learn
from tests.support.clusters import ROOT, Cluster, Remembered, fails, needs_what_is_missing
from worldmodels.envs.racing.task import RacingTask
from worldmodels.parallel import dask_cluster
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.pipeline.errors import UserError

replace = msgspec.structs.replace


AS_SHIPPED = dask_cluster.PATIENCE  # seconds, before a test makes it shorter


def on(cluster: Cluster) -> Compute:
    return replace(INLINE, executor="dask", scheduler=cluster.address)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), workers=2) as made:
        yield made


def test_the_whole_search_is_the_same_bytes_wherever_it_is_done(cluster, quick, monkeypatch):
    monkeypatch.setattr(RacingTask, "dealt_out", True)  # as CarRacing does
    settings = replace(quick.evolve_c, generations=2, episodes=20, population=18)
    params = replace(
        quick,
        env=replace(quick.env, tracks="random"),
        collect=replace(quick.collect, episodes=140),  # two shards
        evolve_c=settings,
        evaluate=replace(quick.evaluate, episodes=140),
    )
    processes = [replace(INLINE, executor="processes", workers=count) for count in (2, 5)]
    found = set()
    for compute in (INLINE, *processes, on(cluster)):
        learned = learn(replace(params, compute=compute))
        drives, report = drive(params, learned)
        weights = learned.controllers.arrays(0)["layer1.weight"]
        found.add((weights.tobytes(), drives.rewards.tobytes(), str(report.metrics)))
    assert len(found) == 1


def test_scripts_write_the_same_bytes_on_a_cluster_with_an_ensemble(cluster, tmp_path):
    """Run as `python -m`, where a class of the script itself could not be unpacked by a worker."""
    settings = ("train_m.ensemble_size=2", "collect.episodes=140", "evolve_c.generations=2")
    stages = {
        "collect": ["r.h5"],
        "train_v": ["r.h5", "v.npz"],
        "encode": ["r.h5", "v.npz", "l.h5"],
        "train_m": ["l.h5", "m.npz"],
        "evolve_c": ["l.h5", "v.npz", "m.npz", "c.npz"],
        "evaluate": ["v.npz", "m.npz", "c.npz", "d.h5"],
    }
    written = {}
    for compute in ("executor=inline", f"executor=dask scheduler={cluster.address}"):
        folder = tmp_path / compute.split()[0]
        folder.mkdir()
        for stage, files in stages.items():
            command = [sys.executable, "-m", f"stages.{stage}", *files]
            command += ["--params", str(ROOT / "recipes" / "quick" / "params.yaml")]
            command += [f"--set={setting}" for setting in settings]
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "COMPUTE": compute}
            ended = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert ended.returncode == 0, ended.stderr
        written[compute] = {name: (folder / name).read_bytes() for name in ("m.npz", "c.npz")}
    inline, on_cluster = written.values()
    assert inline == on_cluster


def test_each_worker_unpacks_the_function_once_and_results_stay_in_order(cluster, tmp_path):
    arrivals = tmp_path / "arrivals"
    everyone, seen = {worker.pid for worker in cluster.workers}, set()
    with (
        Client(cluster.address, set_as_default=False) as tidying,
        WorkerPool(Remembered(arrivals, 0.02), on(cluster)) as workers,
    ):
        for mapped in itertools.count(1):
            squares, at_work = zip(*workers.map(range(12)), strict=True)
            assert squares == tuple(number**2 for number in range(12))
            seen |= set(at_work)
            tidying.amm.run_once()  # Dask's manager, which drops copies that nobody waits for
            if mapped >= 3 and seen == everyone:
                break
            assert mapped < 100  # on a busy machine one of them may be late
    arrived = arrivals.read_text().split()
    assert sorted(arrived) == sorted(map(str, everyone))


def test_a_worker_that_is_lost_and_one_that_joins_late_change_nothing(tmp_path):
    with Cluster(tmp_path, workers=2) as cluster:
        lost = cluster.workers[0]

        def happen() -> None:
            time.sleep(1.0)
            lost.send_signal(signal.SIGKILL)
            cluster.join()

        happening = threading.Thread(target=happen)
        with WorkerPool(Remembered(tmp_path / "arrivals", 0.3), on(cluster)) as workers:
            workers.map(range(2))  # everyone is at work
            happening.start()
            squares, at_work = zip(*workers.map(range(24)), strict=True)
            happening.join()
            assert squares == tuple(number**2 for number in range(24))
            assert cluster.workers[2].pid in at_work
            assert len(set(at_work) | {lost.pid}) == 3


def test_a_scheduler_that_is_not_there_is_said_within_seconds(monkeypatch):
    monkeypatch.setattr(dask_cluster, "PATIENCE", 0.5)
    compute = replace(INLINE, executor="dask", scheduler="tcp://127.0.0.1:1")
    with (
        WorkerPool(abs, compute) as workers,
        pytest.raises(UserError, match=r"compute\.scheduler: no Dask scheduler .*127\.0\.0\.1:1"),
    ):
        workers.map([0, 1])
    assert AS_SHIPPED < 10


def test_a_cluster_in_which_nobody_works_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "PATIENCE", 1.0)
    with (
        Cluster(tmp_path, workers=0) as cluster,
        WorkerPool(abs, on(cluster)) as workers,
        pytest.raises(UserError, match=r"nobody works.*dask worker"),
    ):
        workers.map([0, 1])


def test_a_worker_with_other_code_is_said_with_its_address(tmp_path):
    shutil.copytree(ROOT / "stages", tmp_path / "other" / "stages")
    with (tmp_path / "other" / "stages" / "progress.py").open("a") as file:
        file.write("# changed\n")
    with Cluster(tmp_path, workers=1) as cluster:
        cluster.join(tmp_path / "other")
        wait_for(cluster, 2)
        with (
            WorkerPool(abs, on(cluster)) as workers,
            pytest.raises(UserError, match=r"worker at tcp://.* has stages .*the same commit"),
        ):
            workers.map([0, 1])


def test_a_worker_without_any_of_our_code_is_said_with_its_address(tmp_path):
    (tmp_path / "empty").mkdir()
    with Cluster(tmp_path, workers=0) as cluster:
        cluster.join(tmp_path / "empty")
        with (
            WorkerPool(abs, on(cluster)) as workers,
            pytest.raises(UserError, match=r"worker at tcp://.*No module named 'stages'"),
        ):
            workers.map([0, 1])


def test_a_worker_without_the_simulator_says_what_to_install(cluster):
    with (
        WorkerPool(needs_what_is_missing, on(cluster)) as workers,
        pytest.raises(UserError, match=r"worker at tcp://.*: CarRacing needs packages"),
    ):
        workers.map([0, 1])


def test_faults_of_ours_keep_their_kind(cluster):
    with WorkerPool(fails, on(cluster)) as workers, pytest.raises(IndexError):
        workers.map([0, 1])


def test_a_run_whose_workers_are_all_gone_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "LOOK", 0.2)
    monkeypatch.setattr(dask_cluster, "WITHOUT_WORKERS", 0.5)
    with (
        Cluster(tmp_path, workers=1) as cluster,
        WorkerPool(Remembered(tmp_path / "arrivals", 0.2), on(cluster)) as workers,
    ):
        workers.map(range(2))
        cluster.workers[0].kill()
        with pytest.raises(UserError, match=r"all workers .* are gone"):
            workers.map(range(4))


def test_a_run_whose_scheduler_is_gone_ends(tmp_path):
    with (
        Cluster(tmp_path, workers=1) as cluster,
        WorkerPool(Remembered(tmp_path / "arrivals", 0.2), on(cluster)) as workers,
    ):
        workers.map(range(2))
        cluster.scheduler.kill()
        with pytest.raises(UserError, match=r"scheduler at .* is gone"):
            workers.map(range(4))


def wait_for(cluster: Cluster, count: int) -> None:
    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=20)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (
            "executor",
            r"collect: environment variable COMPUTE: should be KEY=VALUE",
        ),
        ("executor=dusk", r"compute\.executor: .*dusk"),
        ("executor=dask scheduler=there", r"compute\.scheduler: .*there"),
    ],
)
def test_what_the_environment_says_of_where_stages_run_is_checked(said, answer, tmp_path):
    params = str(ROOT / "recipes" / "quick" / "params.yaml")
    result = subprocess.run(
        [sys.executable, "-m", "stages.collect", str(tmp_path / "r.h5"), "--params", params],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COMPUTE": said},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert re.search(answer, result.stderr), result.stderr
    assert not (tmp_path / "r.h5").exists()
