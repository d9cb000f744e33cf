import gc
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock
from hypothesis import settings

import worldmodels  # noqa: F401  (before NumPy, which then has one BLAS thread)
from tests.support import toy_carracing
from tests.support.browser import CHROMIUM, Browser, chromium
from tests.support.project import ROOT, STAGES, Project
from worldmodels.envs.carracing import task
from worldmodels.pipeline.config.env_params import CarRacingParams, CarRacingView
from worldmodels.pipeline.config.params import INLINE, Params
from worldmodels.pipeline.config.reader import read_params

settings.register_profile("busy machine", deadline=None)  # a slow example is no failure
settings.load_profile("busy machine")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: nothing looks for garbage in it, then or later."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.enable()
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs of the real DVC, which take longest, begin first, so that all workers end together."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/projects/"))


@pytest.fixture(scope="session")
def quick() -> Params:
    """The recipe that takes a few seconds, in this process alone: who works changes no result."""
    params = read_params(ROOT / "recipes" / "quick" / "params.yaml")
    return msgspec.structs.replace(params, compute=INLINE)


@pytest.fixture(scope="session")
def reference() -> Params:
    """The recipe of the root, in this process alone."""
    return msgspec.structs.replace(read_params(ROOT / "params.yaml"), compute=INLINE)


@pytest.fixture
def carracing(quick: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The quick recipe in CarRacing, with a toy in place of the simulator."""
    monkeypatch.setattr(task, "CarRacingEnv", toy_carracing.CarRacingEnv)
    view = CarRacingView(height=28, width=32)
    env = CarRacingParams(view=view, frame_skip=2, max_steps=30)
    return msgspec.structs.replace(quick, env=env)


@pytest.fixture(scope="session")
def running_browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def browser(running_browser: Browser) -> Iterator[Browser]:
    """Chromium, which is left with an empty page."""
    yield running_browser
    running_browser.leave()


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """Makes projects that have not been run."""
    return lambda **options: Project.copy(tmp_path_factory.mktemp("project"), **options)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pipeline has been run, made once for all worker processes of a test run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "template"
    with FileLock(shared / "template.lock"):
        if not folder.exists():
            project = Project.copy(shared / "template.new", subprojects=True)
            assert project.repro() == STAGES
            project.folder.rename(folder)
    return folder


@pytest.fixture(scope="session")
def make_run_project(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Project]:
    """Makes projects whose pipeline has been run."""

    def make() -> Project:
        folder = tmp_path_factory.mktemp("run") / "project"
        shutil.copytree(template, folder, symlinks=True)
        return Project(folder)

    return make


@pytest.fixture(scope="module")
def project(make_run_project: Callable[[], Project]) -> Project:
    """A project whose pipeline has been run."""
    return make_run_project()
