"""A parallel map over shards of work, with the same results on any number of workers."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from worldmodels.parallel.processes import ProcessPool
from worldmodels.pipeline.config.params import Compute

Shard = TypeVar("Shard")
Result = TypeVar("Result")
ShardIn = TypeVar("ShardIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)
LOOKAHEAD = 2  # shards that are submitted for each worker, so that none waits for its next one


class WorkerPool(Generic[Shard, Result]):
    """Maps a function over shards.

    A shard is a slice of the work. Its size must not depend on the number of workers, and its
    result must depend on nothing but the shard: then results are the same, bit for bit, on any
    number of processes or machines.

    Example:
        >>> from worldmodels.pipeline.config.params import INLINE
        >>> with WorkerPool(abs, INLINE) as workers:
        ...     workers.map([-1, 2])
        [1, 2]

    Args:
        function: maps a shard to its result. It is sent to each worker once, so large data that all
            shards share belong in it.
        compute: which workers. They are started at the first map over more than one shard.
    """

    def __init__(self, function: Callable[[Shard], Result], compute: Compute) -> None:
        self._function = function
        self._compute = compute
        self._executor: Executor[Shard, Result] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor:
            self._executor.close()

    def map(self, shards: Sequence[Shard]) -> list[Result]:
        """The results of all shards, in their order.

        Raises:
            UserError: a worker died, or the cluster cannot be used.
        """
        return list(self.stream(shards))

    def stream(self, shards: Sequence[Shard]) -> Iterator[Result]:
        """The results one by one; only LOOKAHEAD shards a worker are submitted ahead.

        Raises:
            UserError: a worker died, or the cluster cannot be used.
        """
        if len(shards) == 1 or self._is_inline():
            yield from map(self._function, shards)
            return
        self._executor = self._executor or self._make_executor()
        yield from _ordered_results(self._executor, shards)

    def _is_inline(self) -> bool:
        compute = self._compute
        return compute.executor == "inline" or (
            compute.executor == "processes" and _num_processes(compute) == 1
        )

    def _make_executor(self) -> Executor[Shard, Result]:
        if self._compute.executor == "dask":
            from worldmodels.parallel.dask_cluster import DaskCluster  # an optional dependency

            return DaskCluster(self._function, self._compute.scheduler)
        return ProcessPool(self._function, _num_processes(self._compute))


def _num_processes(compute: Compute) -> int:
    return compute.workers or available_cores()


def _ordered_results(
    executor: Executor[Shard, Result], shards: Iterable[Shard]
) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    for shard in shards:
        if len(pending) >= LOOKAHEAD * executor.num_workers:
            yield pending.popleft().result()
        pending.append(executor.submit(shard))
    while pending:
        yield pending.popleft().result()


class Future(Protocol[ResultOut]):
    """The result of a submitted shard."""

    def result(self) -> ResultOut:
        """Wait for the result.

        Raises:
            UserError: the worker of the shard, or the cluster, was lost.
        """


class Executor(Protocol[ShardIn, ResultOut]):
    """Applies one function to shards, several at once."""

    @property
    def num_workers(self) -> int:
        """Shards that are worked on at once."""

    def submit(self, shard: ShardIn) -> Future[ResultOut]:
        """Queue a shard for the next free worker."""

    def close(self) -> None:
        """Cancel pending shards and release the workers."""


def available_cores() -> int:
    """Cores that this process may run on, and at most what its container is granted."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        granted = math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return affinity or 1
    return min(affinity or 1, granted)
