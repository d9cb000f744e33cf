"""WorkerPool on a Dask cluster: results, lost and late workers, and error messages."""

import itertools
import shutil
import signal
import threading
import time

import msgspec
import pytest
from distributed import Client

from tests.support.clusters import (
    ROOT,
    Cluster,
    LoggingSquare,
    make_carracing_without_box2d,
    raise_index_error,
)
from worldmodels.parallel import dask_cluster
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.pipeline.errors import UserError

replace = msgspec.structs.replace
SHIPPED_TIMEOUT = dask_cluster.SCHEDULER_TIMEOUT  # seconds, before a test shortens it


def on(cluster: Cluster) -> Compute:
    return replace(INLINE, executor="dask", scheduler=cluster.address)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), workers=2) as started:
        yield started


def test_each_worker_unpickles_the_function_once_and_results_stay_in_order(cluster, tmp_path):
    log = tmp_path / "log"
    workers_of_cluster, seen = {worker.pid for worker in cluster.workers}, set()
    with (
        Client(cluster.address, set_as_default=False) as client,
        WorkerPool(LoggingSquare(log, 0.02), on(cluster)) as workers,
    ):
        for mapped in itertools.count(1):
            squares, pids = zip(*workers.map(range(12)), strict=True)
            assert squares == tuple(number**2 for number in range(12))
            seen |= set(pids)
            client.amm.run_once()  # Dask's memory manager drops copies that no task waits for
            if mapped >= 3 and seen == workers_of_cluster:
                break
            assert mapped < 100  # on a busy machine a worker may start late
    assert sorted(log.read_text().split()) == sorted(map(str, workers_of_cluster))


def test_a_lost_worker_and_a_late_one_change_no_result(tmp_path):
    with Cluster(tmp_path, workers=2) as cluster:
        lost = cluster.workers[0]

        def replace_worker() -> None:
            time.sleep(1.0)
            lost.send_signal(signal.SIGKILL)
            cluster.join()

        replacing = threading.Thread(target=replace_worker)
        with WorkerPool(LoggingSquare(tmp_path / "log", 0.3), on(cluster)) as workers:
            workers.map(range(2))  # both workers have started
            replacing.start()
            squares, pids = zip(*workers.map(range(24)), strict=True)
            replacing.join()
            assert squares == tuple(number**2 for number in range(24))
            assert cluster.workers[2].pid in pids
            assert len(set(pids) | {lost.pid}) == 3


def test_a_missing_scheduler_is_reported_within_seconds(monkeypatch):
    monkeypatch.setattr(dask_cluster, "SCHEDULER_TIMEOUT", 0.5)
    compute = replace(INLINE, executor="dask", scheduler="tcp://127.0.0.1:1")
    with (
        WorkerPool(abs, compute) as workers,
        pytest.raises(UserError, match=r"compute\.scheduler: no Dask scheduler .*127\.0\.0\.1:1"),
    ):
        workers.map([0, 1])
    assert SHIPPED_TIMEOUT < 10


def test_a_cluster_without_workers_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "SCHEDULER_TIMEOUT", 1.0)
    with (
        Cluster(tmp_path, workers=0) as cluster,
        WorkerPool(abs, on(cluster)) as workers,
        pytest.raises(UserError, match=r"has no workers.*dask worker"),
    ):
        workers.map([0, 1])


def test_a_worker_with_other_code_is_reported_with_its_address(tmp_path):
    shutil.copytree(ROOT / "worldmodels", tmp_path / "other" / "worldmodels")
    with (tmp_path / "other" / "worldmodels" / "pipeline" / "progress.py").open("a") as file:
        file.write("# changed\n")
    with Cluster(tmp_path, workers=1) as cluster:
        cluster.join(tmp_path / "other")
        wait_for(cluster, 2)
        with (
            WorkerPool(abs, on(cluster)) as workers,
            pytest.raises(UserError, match=r"worker at tcp://.* has worldmodels .*the same commit"),
        ):
            workers.map([0, 1])


def test_a_worker_without_our_code_is_reported_with_its_address(tmp_path):
    (tmp_path / "empty").mkdir()
    with Cluster(tmp_path, workers=0) as cluster:
        cluster.join(tmp_path / "empty")
        with (
            WorkerPool(abs, on(cluster)) as workers,
            pytest.raises(UserError, match=r"worker at tcp://.*No module named 'worldmodels'"),
        ):
            workers.map([0, 1])


def test_a_scheduler_without_our_code_is_reported_with_its_address(tmp_path):
    (tmp_path / "empty").mkdir()
    words = r"scheduler at tcp://.* cannot import .*'worldmodels'.*with PYTHONPATH=\.$"
    with (
        Cluster(tmp_path, workers=1, code=tmp_path / "empty") as cluster,
        WorkerPool(abs, on(cluster)) as workers,
        pytest.raises(UserError, match=words),
    ):
        workers.map([0, 1])


def test_a_worker_without_carracings_packages_reports_what_to_install(cluster):
    words = r"worker at tcp://.*: env\.kind: carracing needs .*Box2D.*make install-carracing"
    with (
        WorkerPool(make_carracing_without_box2d, on(cluster)) as workers,
        pytest.raises(UserError, match=words),
    ):
        workers.map([0, 1])


def test_bugs_keep_their_exception(cluster):
    with WorkerPool(raise_index_error, on(cluster)) as workers, pytest.raises(IndexError):
        workers.map([0, 1])


def test_a_run_ends_when_all_workers_are_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "POLL_INTERVAL", 0.2)
    monkeypatch.setattr(dask_cluster, "NO_WORKERS_TIMEOUT", 0.5)
    with (
        Cluster(tmp_path, workers=1) as cluster,
        WorkerPool(LoggingSquare(tmp_path / "log", 0.2), on(cluster)) as workers,
    ):
        workers.map(range(2))
        cluster.workers[0].kill()
        with pytest.raises(UserError, match=r"all workers .* are gone"):
            workers.map(range(4))


def test_a_run_ends_when_the_scheduler_is_gone(tmp_path):
    with (
        Cluster(tmp_path, workers=1) as cluster,
        WorkerPool(LoggingSquare(tmp_path / "log", 0.2), on(cluster)) as workers,
    ):
        workers.map(range(2))
        cluster.scheduler.kill()
        with pytest.raises(UserError, match=r"scheduler at .* is gone"):
            workers.map(range(4))


def wait_for(cluster: Cluster, count: int) -> None:
    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=20)
