"""Work in shards, here or on worker processes: the same results whatever their number."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from stages.errors import UserError

Shard = TypeVar("Shard")
Result = TypeVar("Result")


class Workers(Generic[Shard, Result]):
    """Maps a function over shards.

    A shard is a slice of the work whose size does not hang on who does it, and what becomes of it
    on nothing else: so figures are the same, bit for bit, on any number of processes.

    Example:
        >>> with Workers(abs, count=1) as workers:
        ...     workers.map([-1, 2])
        [1, 2]

    Args:
        function: what to do with a shard; is sent to every process once, so what is large and
            always the same belongs into it.
        count: processes; 0 for one on each core that this process may use. They are started when
            there is more than one shard to share out.
    """

    def __init__(self, function: Callable[[Shard], Result], count: int) -> None:
        self._function = function
        self._count = count or available_cores()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, shards: Sequence[Shard]) -> list[Result]:
        """What becomes of each shard, in their order.

        Raises:
            UserError: a process died.
        """
        if self._count == 1 or len(shards) == 1:
            return [self._function(shard) for shard in shards]
        if not self._pool:
            self._pool = ProcessPoolExecutor(
                self._count,
                multiprocessing.get_context("spawn"),  # a fork would copy threads' locks
                initializer=_begin,
                initargs=(self._function,),
            )
        try:
            return list(self._pool.map(_work, shards))
        except BrokenProcessPool:
            raise UserError(
                "a worker process died, killed perhaps for want of memory; "
                "try fewer (compute.workers)"
            ) from None


def available_cores() -> int:
    """Cores that this process is bound to, and no more than its container grants."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        granted = math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return bound or 1
    return min(bound or 1, granted)


_function: Callable[[Any], Any]  # of this worker process


def _begin(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent sees to the end
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(1)


def _work(shard: Any) -> Any:
    return _function(shard)
