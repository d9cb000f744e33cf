"""A cluster that people already run: Dask's. It needs requirements-dask.txt."""

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
from urllib.request import urlopen

from worldmodels.pipeline.code_version import code_version
from worldmodels.pipeline.errors import UserError

try:
    import distributed
    from distributed.client import Future
except ModuleNotFoundError:
    raise UserError(
        "compute.executor: dask needs packages that are not installed: "
        "pip install -c constraints.txt -r requirements-dask.txt"
    ) from None


Shard = TypeVar("Shard")
Result = TypeVar("Result")
PATIENCE = 8.0  # seconds for the scheduler to answer, and then for a first worker to be there
WITHOUT_WORKERS = 60.0  # seconds that a run waits for one to join when all are gone
LOOK = 5.0  # seconds between two looks at who is there


# As glibc's malloc.h numbers them; and bytes, the most that it takes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, KEPT = -1, -3, 1 << 25


class DaskCluster(Generic[Shard, Result]):
    """The workers of a Dask cluster, each of which unpacks the function once.

    Packed, it is a task like the shards that hang on it: Dask takes it to every worker that has a
    shard to do, to those that join late too, and does it again when whoever had it is lost. (Dask's
    memory manager may drop a copy between two shards, and send it once more.)

    Args:
        function: what to do with a shard.
        scheduler: the address of the cluster's, tcp://host:port.

    Raises:
        UserError: there is no such cluster, nobody works in it, or somebody with other code.
    """

    def __init__(self, function: Callable[[Shard], Result], scheduler: str) -> None:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # faults are said by us
        self._scheduler = scheduler
        self._seen = 0.0
        # Of one family, shards wait with the scheduler till somebody is free; Dask would deal out
        # others at once, to some twice and to some never.
        self._name, self._numbers = f"shard-{uuid.uuid4().hex}", count()
        client: Any = distributed.Client  # which has no types
        try:
            self._client = client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError):
            raise UserError(
                f"compute.scheduler: no Dask scheduler answers at {scheduler}; start one "
                "('make cluster' does on this machine), or set compute.executor to processes"
            ) from None
        try:
            self._meet()
            self._function = self._client.submit(
                bytes, pickle.dumps(function), key=f"function-{uuid.uuid4().hex}"
            )
            # Dask would have shards wait where the function is rather than send it on.
            self._client.replicate([self._function])
        except BaseException:
            self.close()
            raise

    @property
    def num_workers(self) -> int:
        """Workers that there are."""
        if time.monotonic() - self._seen > LOOK:
            self._workers, self._seen = len(self._client.nthreads()), time.monotonic()
        return max(1, self._workers)

    def submit(self, shard: Shard) -> Future_[Result]:
        """See `Executor`."""
        future = self._client.submit(
            _work, self._function, code_version(), shard, key=(self._name, next(self._numbers))
        )
        return Future_(future, self._client, self._scheduler)

    def close(self) -> None:
        """See `Executor`."""
        with contextlib.suppress(Exception):  # of a scheduler that is gone
            self._client.close(timeout=PATIENCE)

    def _meet(self) -> None:
        """See who is there, and that all have the code that is here."""
        with contextlib.suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=PATIENCE)
        if not self._client.nthreads():
            raise UserError(
                f"compute.scheduler: nobody works for the Dask scheduler at {self._scheduler}; "
                "start workers: dask worker with its address, one thread each"
            )
        for worker, version in self._client.run(code_version, on_error="return").items():
            if version != code_version():
                raise UserError(_other_code(worker, version))
        dashboard = self._client.dashboard_link
        if dashboard and _answers(dashboard):
            print(f"Dask's dashboard: {dashboard}", file=sys.stderr)


class Future_(Generic[Result]):
    """See `Future`."""

    def __init__(self, future: Future[Result], client: Any, scheduler: str) -> None:
        self._future = future
        self._client = client
        self._scheduler = scheduler

    def result(self) -> Result:
        """Wait for it, as long as there is somebody who could do it."""
        last_seen = time.monotonic()
        while True:
            try:
                return self._future.result(timeout=LOOK)
            except distributed.KilledWorker as error:
                raise UserError(
                    f"{error.allowed_failures + 1} Dask workers died of the same shard, killed "
                    "perhaps for want of memory; nothing of what was done is lost"
                ) from None
            except TimeoutError:
                if self._client.nthreads():
                    last_seen = time.monotonic()
                elif time.monotonic() - last_seen > WITHOUT_WORKERS:
                    raise UserError(
                        f"all workers of the Dask scheduler at {self._scheduler} are gone, and "
                        f"none has joined for {WITHOUT_WORKERS:g} s; 'dvc repro' goes on where "
                        "this run was"
                    ) from None
            except (CancelledError, OSError):
                raise UserError(
                    f"the Dask scheduler at {self._scheduler} is gone; 'dvc repro' goes on where "
                    "this run was"
                ) from None


def _answers(address: str) -> bool:
    """Whether there is such a page: Dask names one even where its own packages are missing."""
    try:
        with urlopen(address, timeout=1):
            return True
    except OSError:
        return False


_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)  # by worker


@lru_cache(maxsize=4)  # of runs side by side
def _unpacked(worker: str, function: bytes) -> Callable[[Any], Any]:
    """On a worker, of which there may be several in a process."""
    unpacked: Callable[[Any], Any] = pickle.loads(function)
    return unpacked


@cache
def _keep_memory() -> None:
    """Have this process keep what memory its arrays let go of, for the next ones.

    Dask's nanny starts workers with a setting by which every larger array is new memory from the
    system: that makes a shard of `canvas` take more than twice as long.
    """
    with contextlib.suppress(OSError, AttributeError):  # of another C library
        mallopt = ctypes.CDLL(None).mallopt
        for setting in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
            mallopt(setting, KEPT)


def _here() -> str:
    return str(distributed.get_worker().address)


def _work(function: bytes, version: str, shard: Any) -> Any:
    """On a worker, which may have several threads, where a function is made for one."""
    worker = _here()
    if code_version() != version:  # it has joined late
        raise UserError(_other_code(worker, code_version()))
    _keep_memory()
    with _locks[worker]:
        try:
            return _unpacked(worker, function)(shard)
        except ModuleNotFoundError as error:
            raise UserError(f"the Dask worker at {worker}: {error}") from None


def _other_code(worker: str, found: object) -> str:
    has = found if isinstance(found, str) else f"code that does not run ({found})"
    return (
        f"the Dask worker at {worker} has {has}, and here there are {code_version()}: bring it to "
        "the same commit and the same packages, and start it again"
    )
