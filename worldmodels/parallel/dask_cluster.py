"""Workers of a running Dask cluster. It needs requirements-dask.txt."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import pickle
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import cache, lru_cache
from itertools import count
from typing import Any, Generic, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

from worldmodels.pipeline.code_version import code_version
from worldmodels.pipeline.errors import UserError

try:
    import distributed
    from distributed.client import Future

    from worldmodels.parallel.dask_client import connect
except ModuleNotFoundError:
    raise UserError(
        "compute.executor: dask needs packages that are not installed: "
        "pip install -c constraints.txt -r requirements-dask.txt"
    ) from None


Shard = TypeVar("Shard")
Result = TypeVar("Result")
SCHEDULER_TIMEOUT = 8.0  # seconds for the scheduler to answer, and then for a first worker to join
NO_WORKERS_TIMEOUT = 60.0  # seconds that a run waits for a worker to join when all are gone
POLL_INTERVAL = 5.0  # seconds between two looks at the number of workers

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as numbered in glibc's malloc.h
MAX_THRESHOLD = 1 << 25  # bytes; glibc accepts no more


class DaskCluster(Generic[Shard, Result]):
    """The workers of a Dask cluster, each of which unpickles the function once; see `Executor`.

    The pickled function is the result of a Dask task that all shards depend on. So Dask sends it to
    every worker that has a shard, also to one that joins late, and computes it again when the
    worker that held it is lost. (Dask's memory manager may drop a copy between two shards, and send
    it once more.)

    Args:
        function: maps a shard to its result.
        scheduler: the address of the scheduler, tcp://host:port or tls://host:port.

    Raises:
        UserError: the scheduler cannot be reached, has no workers, or cannot import our code, or a
            worker has other code.
    """

    def __init__(self, function: Callable[[Shard], Result], scheduler: str) -> None:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # we report the errors
        self._scheduler = scheduler
        self._polled = 0.0
        # Keys of one group: Dask queues such tasks until a worker is free. It would assign others
        # to workers at once, and unevenly.
        self._name, self._numbers = f"shard-{uuid.uuid4().hex}", count()
        self._client = connect(scheduler, SCHEDULER_TIMEOUT)
        try:
            self._check_scheduler()
            self._check_workers()
            self._function = self._client.submit(
                bytes, pickle.dumps(function), key=f"function-{uuid.uuid4().hex}"
            )
            # Otherwise Dask would queue shards where the function is, rather than send it on.
            self._client.replicate([self._function])
        except BaseException:
            self.close()
            raise

    @property
    def num_workers(self) -> int:
        """Workers in the cluster, at least 1."""
        if time.monotonic() - self._polled > POLL_INTERVAL:
            self._workers, self._polled = len(self._client.nthreads()), time.monotonic()
        return max(1, self._workers)

    def submit(self, shard: Shard) -> DaskFuture[Result]:
        """Queue a shard for the next free worker."""
        future = self._client.submit(
            _call, self._function, code_version(), shard, key=(self._name, next(self._numbers))
        )
        return DaskFuture(future, self._client, self._scheduler)

    def close(self) -> None:
        """Disconnect; the cluster keeps running."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.close(timeout=SCHEDULER_TIMEOUT)

    def _check_scheduler(self) -> None:
        """Check that the scheduler can import our code, which it unpickles tasks with.

        Raises:
            UserError: it cannot.
        """
        try:
            self._client.run_on_scheduler(code_version)
        except ImportError as error:
            raise UserError(
                f"compute.scheduler: the Dask scheduler at {self._scheduler} cannot import this "
                f"project's code ({error}): start it in the project's folder with PYTHONPATH=."
            ) from None

    def _check_workers(self) -> None:
        """Check that there is a worker, and that all have the same code as this process.

        Raises:
            UserError: there is none, or one has other code.
        """
        with contextlib.suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=SCHEDULER_TIMEOUT)
        if not self._client.nthreads():
            raise UserError(
                f"compute.scheduler: the Dask scheduler at {self._scheduler} has no workers; "
                "start workers: dask worker with its address, one thread each"
            )
        for worker, version in self._client.run(code_version, on_error="return").items():
            if version != code_version():
                raise UserError(_other_code(worker, version))
        dashboard = self._client.dashboard_link
        if dashboard and _answers(dashboard):
            print(f"Dask's dashboard: {dashboard}", file=sys.stderr)


class DaskFuture(Generic[Result]):
    """The result of a shard on the cluster; see `Future` in workers.py."""

    def __init__(self, future: Future[Result], client: Any, scheduler: str) -> None:
        self._future = future
        self._client = client
        self._scheduler = scheduler

    def result(self) -> Result:
        """Wait for the result, as long as the cluster has workers.

        Raises:
            UserError: the shard killed several workers, all workers are gone, or the scheduler is.
        """
        last_worker = time.monotonic()
        while True:
            try:
                return self._future.result(timeout=POLL_INTERVAL)
            except distributed.KilledWorker as error:
                raise UserError(
                    f"{error.allowed_failures + 1} Dask workers died of the same shard, perhaps "
                    "killed for lack of memory; 'dvc repro' continues from the last checkpoint"
                ) from None
            except TimeoutError:
                if self._client.nthreads():
                    last_worker = time.monotonic()
                elif time.monotonic() - last_worker > NO_WORKERS_TIMEOUT:
                    raise UserError(
                        f"all workers of the Dask scheduler at {self._scheduler} are gone, and "
                        f"none has joined for {NO_WORKERS_TIMEOUT:g} s; 'dvc repro' continues from "
                        "the last checkpoint"
                    ) from None
            except (CancelledError, OSError):
                raise UserError(
                    f"the Dask scheduler at {self._scheduler} is gone; 'dvc repro' continues from "
                    "the last checkpoint"
                ) from None


def _answers(address: str) -> bool:
    """Whether the page exists: Dask names a dashboard even if the packages for it are missing."""
    try:
        with urlopen(address, timeout=1):
            return True
    except HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)  # by worker


@lru_cache(maxsize=4)  # several runs may use the cluster at once
def _unpickle(worker: str, function: bytes) -> Callable[[Any], Any]:
    """The function of a run, for one worker; a process may hold several workers."""
    unpickled: Callable[[Any], Any] = pickle.loads(function)
    return unpickled


@cache
def _keep_freed_memory() -> None:
    """Make malloc keep freed memory for the next arrays.

    Dask's nanny starts workers with a setting by which every larger array is new memory from the
    system, which more than doubles the time of a shard with 64 x 64 observations.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        for setting in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
            mallopt(setting, MAX_THRESHOLD)


def _call(function: bytes, version: str, shard: Any) -> Any:
    """The result of a shard. A worker may have several threads, but the function is used by one."""
    worker = str(distributed.get_worker().address)
    if code_version() != version:  # it has joined late
        raise UserError(_other_code(worker, code_version()))
    _keep_freed_memory()
    with _locks[worker]:
        try:
            return _unpickle(worker, function)(shard)
        except (ModuleNotFoundError, UserError) as error:
            raise UserError(f"the Dask worker at {worker}: {error}") from None


def _other_code(worker: str, found: object) -> str:
    has = found if isinstance(found, str) else f"code that does not run ({found})"
    return (
        f"the Dask worker at {worker} has {has}, and this process has {code_version()}: bring the "
        "worker to the same commit and the same packages, and start it again"
    )
