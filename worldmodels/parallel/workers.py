"""Work in shards, wherever that is done: the same results whoever does it."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from worldmodels.parallel.processes import Processes
from worldmodels.pipeline.config.params import Compute

Shard = TypeVar("Shard")
Result = TypeVar("Result")
ShardIn = TypeVar("ShardIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)
LOOKAHEAD = 2  # shards under way for each that is worked on, so that nobody waits for the next


class WorkerPool(Generic[Shard, Result]):
    """Maps a function over shards.

    A shard is a slice of the work whose size does not hang on who does it, and what becomes of it
    on nothing else: so figures are the same, bit for bit, on any number of processes or machines.

    Example:
        >>> from worldmodels.pipeline.config.params import INLINE
        >>> with Workers(abs, INLINE) as workers:
        ...     workers.map([-1, 2])
        [1, 2]

    Args:
        function: what to do with a shard; is sent to every worker once, so what is large and always
            the same belongs into it.
        compute: who works. They are asked when there is more than one shard to share out.
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
        """What becomes of each shard, in their order.

        Raises:
            UserError: a worker, or the cluster, is lost, or is no help.
        """
        return list(self.stream(shards))

    def stream(self, shards: Sequence[Shard]) -> Iterator[Result]:
        """The same, one after the other: no more of them are ahead than keep everyone busy.

        Raises:
            UserError: likewise.
        """
        if len(shards) == 1 or self._alone():
            yield from map(self._function, shards)
            return
        self._executor = self._executor or self._make_executor()
        yield from _in_order(self._executor, shards)

    def _alone(self) -> bool:
        compute = self._compute
        return compute.executor == "inline" or (
            compute.executor == "processes" and _cores(compute) == 1
        )

    def _make_executor(self) -> Executor[Shard, Result]:
        if self._compute.executor == "dask":
            from worldmodels.parallel.dask_cluster import DaskCluster  # an extra

            return DaskCluster(self._function, self._compute.scheduler)
        return Processes(self._function, _cores(self._compute))


def _cores(compute: Compute) -> int:
    return compute.workers or available_cores()


def _in_order(executor: Executor[Shard, Result], shards: Iterable[Shard]) -> Iterator[Result]:
    under_way: deque[Future[Result]] = deque()
    for shard in shards:
        if len(under_way) >= LOOKAHEAD * executor.num_workers:
            yield under_way.popleft().result()
        under_way.append(executor.submit(shard))
    while under_way:
        yield under_way.popleft().result()


class Future(Protocol[ResultOut]):
    """What will have become of a shard."""

    def result(self) -> ResultOut:
        """Wait for it.

        Raises:
            UserError: whoever had the shard, or the cluster, is lost.
        """


class Executor(Protocol[ShardIn, ResultOut]):
    """Applies the function that it was made with to shards, several at once."""

    @property
    def num_workers(self) -> int:
        """Shards that keep everyone busy."""

    def submit(self, shard: ShardIn) -> Future[ResultOut]:
        """Have someone begin with a shard as soon as there is someone."""

    def close(self) -> None:
        """Let go of what was begun, and of everyone."""


def available_cores() -> int:
    """Cores that this process is bound to, and no more than its container grants."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        granted = math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return bound or 1
    return min(bound or 1, granted)
