"""The packages of CarRacing: imported on demand, and if missing, named in the error."""

import subprocess
import sys

import numpy as np
import pytest

from tests.support.project import ROOT
from worldmodels.envs.carracing.optional_imports import optional_import
from worldmodels.envs.carracing.rerender import rerender_episode
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.episode import Episode

WHY = "needs requirements-carracing.txt"
QUICK = ROOT / "tests" / "support" / "carracing_quick.yaml"
EPISODE = Episode(np.zeros((2, 28, 32, 3), np.uint8), np.zeros((1, 2), np.float32), np.zeros(1))


def test_a_missing_package_is_named_in_one_line_with_the_command_that_installs_it():
    words = r"^carracing needs packages .* no_such: run 'make install-carracing' "
    with (
        pytest.raises(ModuleNotFoundError, match=words),
        optional_import("numpy", "no_such"),
    ):
        pass


def test_a_package_that_cannot_be_imported_is_reported_with_the_reason():
    words = r"^carracing needs numpy, and cannot import them \(no libSDL\): run 'make install-"
    with pytest.raises(ImportError, match=words), optional_import("numpy"):
        raise ImportError("no libSDL")


@pytest.mark.parametrize(
    "use",
    [
        lambda params: make_task(params).make_env([1], 1),
        lambda params: next(rerender_episode(params, 1, EPISODE)),
    ],
    ids=["environment", "rendering"],
)
def test_without_carracings_packages_the_key_is_named(monkeypatch, use):
    monkeypatch.setitem(sys.modules, "Box2D", None)  # as if it were not installed
    with pytest.raises(ParamsError, match=r"^env\.kind: carracing needs .*Box2D.*: run 'make in"):
        use(read_params(QUICK).env)


def test_packages_are_imported_on_demand_and_print_nothing():
    for package in ("gymnasium", "Box2D", "pygame"):
        pytest.importorskip(package, reason=WHY)
    script = """
import sys
from worldmodels.envs.carracing.env import CarRacingEnv
assert not {"gymnasium", "Box2D", "pygame"} & set(sys.modules)
CarRacingEnv([1])
"""
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
