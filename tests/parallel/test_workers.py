"""The map over shards on several processes."""

import os
import time

import msgspec
import pytest

from worldmodels.parallel.workers import WorkerPool
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
