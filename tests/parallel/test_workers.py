"""The map over shards on several processes."""

import os
import time
from multiprocessing.popen_spawn_posix import Popen

import msgspec
import pytest

from worldmodels.parallel.workers import WorkerPool, _say_inline
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.errors import UserError

TWO_PROCESSES = msgspec.structs.replace(INLINE, executor="processes", workers=2)


def exit_process(shard: int) -> None:
    os._exit(3 + shard)


def process_id(shard: int) -> int:
    time.sleep(0.2)  # leaves the next shard to the other process
    return os.getpid()


def test_shards_are_spread_over_processes_and_results_stay_in_order():
    with WorkerPool(process_id, TWO_PROCESSES) as workers:
        processes = workers.map(range(4))
        assert len(set(processes)) == 2
        assert os.getpid() not in processes
        assert workers.map([0]) == [os.getpid()]  # a single shard needs no other process
    with WorkerPool(abs, TWO_PROCESSES) as workers:
        assert workers.map([-3, 2, -1, 0]) == [3, 2, 1, 0]


def test_a_worker_that_dies_is_reported():
    with (
        WorkerPool(exit_process, TWO_PROCESSES) as workers,
        pytest.raises(UserError, match=r"a worker process died.*compute\.workers"),
    ):
        workers.map([0, 1])


def without_semaphores(*_, **__):
    raise OSError(30, "Read-only file system")


def test_without_semaphores_this_process_does_the_work_and_says_so_once(monkeypatch, capsys):
    monkeypatch.setattr("_multiprocessing.SemLock", without_semaphores)
    _say_inline.cache_clear()
    for _ in range(2):
        with WorkerPool(process_id, TWO_PROCESSES) as workers:
            assert workers.map([0, 1]) == [os.getpid()] * 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("compute.executor: no worker processes can be started here (Read-only ")


def test_a_system_that_starts_too_few_processes_is_reported_and_none_is_left(monkeypatch):
    start, started = Popen._launch, []

    def start_one(self, process):
        if started:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(process)
        start(self, process)

    monkeypatch.setattr(Popen, "_launch", start_one)
    with (
        WorkerPool(process_id, TWO_PROCESSES) as workers,
        pytest.raises(UserError, match=r"^compute\.workers: 2 .* \(Resource temporarily unavail"),
    ):
        workers.map([0, 1])
    assert len(started) == 1
    assert not started[0].is_alive()
