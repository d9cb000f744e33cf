"""A parallel map over shards of work, with the same results on any number of workers."""

from __future__ import annotations

import math
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import Generic, Protocol, Self, TypeVar

from worldmodels.pipeline.cgroups import granted_cores
from worldmodels.pipeline.config.params import Compute
from worldmodels.pipeline.memory_limit import free_memory

Shard = TypeVar("Shard")
Result = TypeVar("Result")
ShardIn = TypeVar("ShardIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)
LOOKAHEAD = 2  # shards that are submitted for each worker, so that none waits for its next one
WORKER_MEMORY = 1 << 28  # bytes that must be free for each process


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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if executor := vars(self).get("_executor"):
            executor.close()

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
        if len(shards) > 1 and self._executor:
            yield from _ordered_results(self._executor, shards)
        else:
            yield from map(self._function, shards)

    @cached_property
    def _executor(self) -> Executor[Shard, Result] | None:
        """The executor that the params ask for; None for this process."""
        if self._compute.executor == "inline":
            return None
        if self._compute.executor == "dask":
            from worldmodels.parallel.dask_cluster import DaskCluster  # an optional dependency

            return DaskCluster(self._function, self._compute.scheduler)
        count = self._compute.workers or default_workers()
        if count == 1:
            return None
        try:
            from worldmodels.parallel.processes import ProcessPool  # imported where it is needed

            return ProcessPool(self._function, count)
        except (OSError, ImportError, NotImplementedError) as error:
            _say_inline(getattr(error, "strerror", None) or str(error))
            return None


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


@cache
def _say_inline(reason: str) -> None:
    """Say, once, that there are no worker processes."""
    print(
        f"compute.executor: no worker processes can be started here ({reason}); "
        "this process does the work alone, with the same results",
        file=sys.stderr,
    )


def default_workers() -> int:
    """As many processes as there are cores that this process may use, and memory for them."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    granted = granted_cores()
    cores = min(affinity or 1, math.ceil(granted) if granted else math.inf)
    free = free_memory()
    return int(max(1, min(cores, math.inf if free is None else free // WORKER_MEMORY)))
