"""Starts processes of Dask as forks of one process that has imported Dask, which is most of their
work.

Otherwise each is as a process of its own: it has its folder, variables and code.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class DaskServer:
    """A process that starts others."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.dask_server"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self, command: tuple[str, ...], folder: Path, environment: Mapping[str, str], code: Path
    ) -> int:
        """The id of a process that runs `dask` in a folder, and imports the code in another."""
        assert self._process.stdin
        assert self._process.stdout
        request = [command, str(folder), dict(environment), str(code)]
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def serve() -> None:
    """Run what comes in each line of standard input, and print its process's id."""
    from distributed.cli import dask_scheduler, dask_worker

    commands = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    sys.path.remove(str(ROOT))
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that end
    for line in sys.stdin:
        if number := os.fork():
            print(number, flush=True)
            continue
        (name, *arguments), folder, environment, code = json.loads(line)
        _settle(folder, environment, code)
        sys.exit(commands[name](arguments))


def _settle(folder: str, environment: Mapping[str, str], code: str) -> None:
    """Make this process as one that was started in a folder, with these variables."""
    import dask

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, code)
    dask.config.refresh()


if __name__ == "__main__":
    serve()
