import sys
from collections.abc import Callable

import msgspec
import pytest

import worldmodels  # noqa: F401  (before NumPy, which then has one BLAS thread)
from tests.support import toy_carracing
from tests.support.project import ROOT, Project
from worldmodels.pipeline.config.env_params import CarRacingParams, CarRacingView
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params


@pytest.fixture(scope="session")
def quick() -> Params:
    """The recipe that takes a few seconds."""
    return read_params(ROOT / "recipes" / "quick" / "params.yaml")


@pytest.fixture(scope="session")
def reference() -> Params:
    """The recipe of the root."""
    return read_params(ROOT / "params.yaml")


@pytest.fixture
def carracing(quick: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The quick recipe in CarRacing, with a toy in place of the simulator."""
    monkeypatch.setitem(sys.modules, "worldmodels.envs.carracing.env", toy_carracing)
    view = CarRacingView(height=28, width=32)
    env = CarRacingParams(simulator="gymnasium", view=view, frame_skip=2, max_steps=30)
    replace = msgspec.structs.replace
    return replace(quick, env=env, compute=replace(quick.compute, workers=1))


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """Makes projects that have not been run."""
    return lambda **options: Project.copy(tmp_path_factory.mktemp("project"), **options)


@pytest.fixture(scope="session")
def project(make_project: Callable[..., Project]) -> Project:
    """A project whose pipeline has been run."""
    project = make_project()
    project.repro()
    return project
