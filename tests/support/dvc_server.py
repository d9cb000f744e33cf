"""Runs commands of DVC in forks of one process that has imported DVC, which is most of their work.

Otherwise a command is as in a process of its own: it has its folder, variables, output and status.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 300  # seconds of a command
MODULES = (  # what commands import when they run, and much else with it
    *("configobj", "dulwich.ignore", "dulwich.porcelain", "dulwich.worktree", "networkx", "pygit2"),
    *("fsspec.implementations.memory", "ruamel.yaml", "scmrepo.git.backend.pygit2.filter"),
    *("dvc.cachemgr", "dvc.cli.parser", "dvc.dagascii", "dvc.data_cloud", "dvc.render.match"),
    *("dvc.repo.collect", "dvc.repo.diff", "dvc.repo.experiments.show", "dvc.repo.graph"),
    *("dvc.repo.index", "dvc.repo.metrics.diff", "dvc.repo.open_repo", "dvc.repo.params.diff"),
    *("dvc.repo.plots.diff", "dvc.repo.reproduce", "dvc.repo.trie", "dvc.repo.worktree"),
    *("dvc.stage.cache", "dvc.ui.table", "dvc.utils.strictyaml", "dvc_data.fs"),
    *("dvc_data.hashfile.db.local", "dvc_data.index.checkout", "dvc_data.index.push"),
)


class DVCServer:
    """A process that runs one command of DVC after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.dvc_server"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, command: tuple[str, ...], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """What `dvc` does in a folder, with these variables and no others."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.TemporaryDirectory() as temporary:
            outputs = [Path(temporary, name) for name in ("stdout", "stderr")]
            request = [command, str(folder), dict(environment), *map(str, outputs)]
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            texts = [path.read_text(encoding="utf-8") for path in outputs]
        return subprocess.CompletedProcess(command, status, *texts)


def serve() -> None:
    """Run what comes in each line of standard input, and print its status."""
    for name in MODULES:
        importlib.import_module(name)
    sys.path.remove(str(ROOT))
    gc.freeze()  # no command looks for garbage in what they share, nor copies it for that
    forks = multiprocessing.get_context("fork")
    for line in sys.stdin:
        child = forks.Process(target=_run, args=json.loads(line))  # ends without a teardown of all
        child.start()
        child.join()
        print(child.exitcode, flush=True)


def _run(
    command: list[str], folder: str, environment: dict[str, str], stdout: str, stderr: str
) -> None:
    signal.alarm(TIMEOUT)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate((os.devnull, stdout, stderr)):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = command
    from dvc.cli import main

    sys.exit(main(command[1:]))


if __name__ == "__main__":
    serve()
