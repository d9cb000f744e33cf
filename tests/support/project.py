"""A git and DVC repository in a temporary folder, and the commands that a user types in it."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.support.dvc_in_shell import dvc_function
from tests.support.dvc_server import DVCServer

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize", "play"]
USER = {  # of whom git and DVC know; the browser opens nothing
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@example.org",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@example.org",
    "DVC_NO_ANALYTICS": "1",
    "BROWSER": "true",
}
SUBPROJECTS = ("recipes/", "studies/", "carracing/", "doom/")
GENERATED = ("tests/", "reports/", "dvc.lock")  # not copied


class Project:
    """A repository, or a DVC project in a folder of one.

    Args:
        folder: where commands are run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def copy(
        cls, folder: Path, *, params: str = "recipes/quick", subprojects: bool = False
    ) -> Project:
        """A copy of the working tree as a repository of its own, whose root has a folder's params.

        Without the subprojects it has the root's pipeline alone.
        """
        project = cls(folder)
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
        for name in filter(None, listed.split("\0")):
            source = ROOT / name
            if not source.exists() or name.startswith(GENERATED):
                continue
            if name.startswith(SUBPROJECTS) and not subprojects:
                continue
            if name.endswith("/dvc.lock") or "/reports/" in name or "/released/" in name:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_symlink():
                target.symlink_to(source.readlink())
            else:
                shutil.copy(source, target)  # executable, if it is
        project.write("params.yaml", (ROOT / params / "params.yaml").read_text())
        project.run("git", "init", "-q", "-b", "main")
        project.commit("start")
        return project

    def clone(self, folder: Path) -> Project:
        """A git clone, with a DVC cache of its own and nothing in it."""
        self.run("git", "clone", "-q", ".", str(folder))
        return Project(folder)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "--allow-empty", "-m", message)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would, with this environment's `dvc` and `python`."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **USER, "PATH": path, "PYTHONPATH": ""}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # few users set it
        result = _run_command(command, self.folder, environment)
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def type_in(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash, in which `dvc` is run as in `run`."""
        if sys.platform != "linux":
            return self.run("bash", "-c", script)
        with dvc_function(_run_command) as function:
            return self.run("bash", "-c", function + script)

    def stage(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a stage's script."""
        return self.run(sys.executable, "-m", f"stages.{name}", *arguments, check=False)

    def repro(self, *arguments: str) -> list[str]:
        """Run the pipeline; the stages that ran, in their order.

        The page is last: DVC may run it at any time after evolve_c, because no stage needs it.
        """
        lines = self.run("dvc", "repro", *arguments).stdout.splitlines()
        ran = [line.split("'")[1] for line in lines if line.startswith("Running stage")]
        return sorted(ran, key=lambda stage: stage == "play")

    def read(self, name: str) -> bytes:
        """The content of a file."""
        return (self.folder / name).read_bytes()

    def outputs(self) -> dict[str, bytes]:
        """The content of every file that stages make, by path."""
        folders = [self.folder / name for name in ("data", "models", "reports")]
        files = [path for folder in folders for path in folder.rglob("*.*")]
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in files
            if path.name != ".gitignore"
        }

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace the only occurrence of a text in a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name}: {old!r} stands there {text.count(old)} times"
        self.write(name, text.replace(old, new))


_server = functools.cache(DVCServer)
_server_is_free = threading.Lock()


def _run_command(
    command: tuple[str, ...], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command; `dvc` by the server, unless that is at work or a library is to be preloaded.

    Forks that do not become other programs are safe on Linux, and not on macOS.
    """
    by_server = command[0] == "dvc" and sys.platform == "linux" and "LD_PRELOAD" not in environment
    if by_server and _server_is_free.acquire(blocking=False):
        try:
            return _server().run(command, folder, environment)
        finally:
            _server_is_free.release()
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300
    )
