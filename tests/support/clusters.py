"""Dask clusters for tests: a scheduler and workers, as processes on the loopback interface."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import numpy as np
import psutil

from tests.support.dask_server import DaskServer
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.reader import read_params

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """A scheduler and workers, which are killed when the block ends.

    Args:
        folder: where they may write.
        workers: workers that are started at once; `join` starts more.
        protocol: tcp or tls.
        settings: environment variables with Dask's settings.
        code: the folder of the code that the scheduler imports.
    """

    def __init__(
        self,
        folder: Path,
        workers: int,
        protocol: str = "tcp",
        settings: Mapping[str, str] | None = None,
        code: Path = ROOT,
    ) -> None:
        self._folder = folder
        self._settings = settings or {}
        self._file = folder / "scheduler.json"
        self.workers: list[psutil.Process] = []
        self.scheduler = self._dask(
            *("scheduler", "--protocol", protocol, "--port", "0"),
            *("--scheduler-file", str(self._file), *LOCAL),
            code=code,
        )
        while True:
            try:
                self.address = str(json.loads(self._file.read_text())["address"])
                break
            except (OSError, ValueError):
                assert self.scheduler.is_running()
                time.sleep(0.05)
        for _ in range(workers):
            self.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            with suppress(psutil.NoSuchProcess):
                process.kill()
            process.wait()

    def join(self, code: Path = ROOT) -> None:
        """Start another worker, which imports the code in a folder."""
        where = ("--local-directory", str(self._folder), "--nthreads", "1", "--no-nanny")
        self.workers.append(self._dask("worker", self.address, *where, *LOCAL, code=code))

    def _dask(self, *command: str, code: Path = ROOT) -> psutil.Process:
        """A process of Dask; a fork where that is safe, as in project.py."""
        environment = {**os.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
        environment |= self._settings
        if sys.platform == "linux":
            return psutil.Process(_server().start(command, self._folder, environment, code))
        return psutil.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
            env=environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


_server = functools.cache(DaskServer)


class LoggingSquare:
    """Squares a shard on a worker; logs to a file each time that it is unpickled.

    Args:
        log: the file; one line with the process's id for each time.
        seconds: how long a shard takes.
    """

    def __init__(self, log: Path, seconds: float = 0.0) -> None:
        self.log = log
        self.seconds = seconds
        self.numbers = np.arange(10_000)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        with self.log.open("a") as file:
            file.write(f"{os.getpid()}\n")

    def __call__(self, shard: int) -> tuple[int, int]:
        """The square of the shard, and the id of the worker's process."""
        time.sleep(self.seconds)
        return int(self.numbers[shard]) ** 2, os.getpid()


def make_carracing_without_box2d(seed: int) -> None:
    """Makes CarRacing's environment as if Box2D were not installed, which raises an error."""
    params = read_params(ROOT / "tests" / "support" / "carracing_quick.yaml")
    with patch.dict(sys.modules, {"Box2D": None}):
        make_task(params.env).make_env([seed], 1)


def raise_index_error(shard: int) -> int:
    """Raises an error that is a bug."""
    return [0][shard]
