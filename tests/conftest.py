import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests import toy_carracing
from tests.pipelines import RECIPES
from worldmodels.pipeline.config.env_params import CarRacingParams, CarRacingView
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = (  # what the pipelines make, and the tests
    *("tests/", "reports/", "dvc.lock", "recipes/dvc.lock", "carracing/dvc.lock"),
    *(f"recipes/{recipe}/" for recipe in RECIPES),
    *(
        f"carracing/{made}/"
        for made in ("rounds", "ablations", "data", "models", "reports", "released")
    ),
)


@pytest.fixture(scope="session")
def quick() -> Params:
    return read_params(ROOT / "recipes" / "quick.yaml")


@pytest.fixture(scope="session")
def note() -> Params:
    return read_params(ROOT / "params.yaml")


@pytest.fixture
def carracing(quick: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The quick recipe in CarRacing, of which a toy is simulated."""
    monkeypatch.setitem(sys.modules, "stages.worlds.carracing", toy_carracing)
    view = CarRacingView(height=28, width=32)
    env = CarRacingParams(simulator="gymnasium", view=view, frame_skip=2, max_steps=30)
    replace = msgspec.structs.replace
    return replace(quick, env=env, compute=replace(quick.compute, workers=1))


class Project:
    """A git and DVC repository, and what one does in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def copied(cls, folder: Path, pipelines: tuple[str, ...]) -> "Project":
        """A copy of the working tree as a repository of its own, on the quick recipe; beside the
        root's pipeline with those alone, for DVC reads all that it finds, each time.
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
            other = name.endswith("/dvc.yaml") and name not in pipelines
            if source.is_file() and not other and not name.startswith(NOT_COPIED):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        project.write("params.yaml", (ROOT / "recipes" / "quick.yaml").read_text())
        project.run("git", "init", "-q")
        project.commit("start")
        return project

    def clone(self, folder: Path) -> "Project":
        """A git clone, with a cache of its own and nothing in it."""
        self.run("git", "clone", "-q", ".", str(folder))
        return Project(folder)

    def commit(self, message: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        self.run("git", "add", "-A")
        self.run("git", *who, "commit", "-q", "--allow-empty", "-m", message)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": ""}
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=environment, timeout=300
        )
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def stage(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", f"stages.{name}", *arguments, check=False)

    def repro(self, *arguments: str) -> list[str]:
        """Run the pipeline; the stages that ran, in their order, but the page last: DVC draws it at
        any time after evolve_c, for no stage waits for it.
        """
        lines = self.run("dvc", "repro", *arguments).stdout.splitlines()
        ran = [line.split("'")[1] for line in lines if line.startswith("Running stage")]
        return sorted(ran, key=lambda stage: stage == "play")

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name}: {old!r} stands there {text.count(old)} times"
        self.write(name, text.replace(old, new))


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    return lambda *pipelines: Project.copied(tmp_path_factory.mktemp("project"), pipelines)
