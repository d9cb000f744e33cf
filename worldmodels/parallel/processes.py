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


class ProcessFuture(Generic[Result]):
    """The result of a shard in a worker process; see `Future` in workers.py."""

    def __init__(self, future: Future[Result]) -> None:
        self._future = future

    def result(self) -> Result:
        """Wait for the result.

        Raises:
            UserError: a worker process died.
        """
        try:
            return self._future.result()
        except BrokenProcessPool:
            raise _worker_died() from None


class ProcessPool(Generic[Shard, Result]):
    """A pool of processes, each of which receives the function once; see `Executor`.

    Args:
        function: maps a shard to its result.
        count: processes.

    Raises:
        OSError, ImportError, NotImplementedError: the system lacks what they need (semaphores,
            shared memory), or starts no process.
    """

    def __init__(self, function: Callable[[Shard], Result], count: int) -> None:
        self.num_workers = count
        self._pool = ProcessPoolExecutor(
            count,
            multiprocessing.get_context("spawn"),  # a fork would copy the locks of threads
            initializer=_initialize,
            initargs=(function,),
        )
        self._pool.submit(_nothing)  # starts the first process

    def submit(self, shard: Shard) -> ProcessFuture[Result]:
        """Queue a shard for the next free process.

        Raises:
            UserError: a worker process died, or the system starts no more of them.
        """
        try:
            return ProcessFuture(self._pool.submit(_call, shard))
        except BrokenProcessPool:
            raise _worker_died() from None
        except OSError as error:
            raise UserError(
                f"compute.workers: {self.num_workers} worker processes cannot be started here "
                f"({error.strerror}); set fewer, or compute.executor to inline"
            ) from None

    def close(self) -> None:
        """Cancel pending shards and end the processes."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _worker_died() -> UserError:
    return UserError(
        "a worker process died, perhaps killed for lack of memory; try fewer (compute.workers)"
    )


_function: Callable[[Any], Any]  # of this worker process


def _initialize(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent ends the workers
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this worker when its parent is killed; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(1)


def _nothing() -> None:
    """Do nothing."""


def _call(shard: Any) -> Any:
    return _function(shard)
