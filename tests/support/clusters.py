"""Dask clusters that tests start and stop: a scheduler and workers, processes on the loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """A scheduler, and workers that come and go.

    Args:
        folder: where it may write.
        workers: how many there are to begin with.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._dask(
            "scheduler", "--port", "0", "--scheduler-file", str(self._file), *LOCAL
        )
        while True:
            try:
                self.address = str(json.loads(self._file.read_text())["address"])
                break
            except (OSError, ValueError):
                assert self.scheduler.poll() is None
                time.sleep(0.05)
        for _ in range(workers):
            self.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def join(self, code: Path = ROOT) -> None:
        """One more worker, with the code that is in a folder."""
        where = ("--local-directory", str(self._folder), "--nthreads", "1", "--no-nanny")
        self.workers.append(self._dask("worker", self.address, *where, *LOCAL, code=code))

    def _dask(self, *command: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
            env=environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class Remembered:
    """What to do with a shard; notes down in a file when it arrives at a worker."""

    def __init__(self, arrivals: Path, seconds: float = 0.0) -> None:
        self.arrivals = arrivals
        self.seconds = seconds
        self.load = np.arange(10_000)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        with self.arrivals.open("a") as file:
            file.write(f"{os.getpid()}\n")

    def __call__(self, shard: int) -> tuple[int, int]:
        time.sleep(self.seconds)
        return int(self.load[shard]) ** 2, os.getpid()


def needs_what_is_missing(shard: int) -> int:
    raise ModuleNotFoundError("CarRacing needs packages that are not installed")


def fails(shard: int) -> int:
    return [0][shard]
