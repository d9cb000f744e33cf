"""Worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from worldmodels.pipeline.errors import UserError

Shard = TypeVar("Shard")
Result = TypeVar("Result")


class Future_(Generic[Result]):
    """See `Future`."""

    def __init__(self, future: Future[Result]) -> None:
        self._future = future

    def result(self) -> Result:
        """Wait for it."""
        try:
            return self._future.result()
        except BrokenProcessPool:
            raise dead() from None


class Processes(Generic[Shard, Result]):
    """So many processes, each of which is sent the function once.

    Args:
        function: what to do with a shard.
        count: processes.
    """

    def __init__(self, function: Callable[[Shard], Result], count: int) -> None:
        self.num_workers = count
        self._pool = ProcessPoolExecutor(
            count,
            multiprocessing.get_context("spawn"),  # a fork would copy threads' locks
            initializer=_begin,
            initargs=(function,),
        )

    def submit(self, shard: Shard) -> Future_[Result]:
        """See `Executor`."""
        try:
            return Future_(self._pool.submit(_work, shard))
        except BrokenProcessPool:
            raise dead() from None

    def close(self) -> None:
        """See `Executor`."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def dead() -> UserError:
    """What to say when the system has ended a process."""
    return UserError(
        "a worker process died, killed perhaps for want of memory; try fewer (compute.workers)"
    )


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
