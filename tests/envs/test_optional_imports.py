"""The packages of CarRacing: imported on demand, and if missing, named in the error."""

import subprocess
import sys

import pytest

from worldmodels.envs.carracing.optional_imports import optional_import

WHY = "needs requirements-carracing.txt"


def test_a_missing_package_is_named_in_one_line_with_the_command_that_installs_it():
    with (
        pytest.raises(ModuleNotFoundError, match=r"no_such: pip .*-r requirements-carracing.txt"),
        optional_import("numpy", "no_such"),
    ):
        pass


def test_simulators_are_imported_on_demand_and_print_nothing():
    for package in ("gymnasium", "Box2D", "pygame"):
        pytest.importorskip(package, reason=WHY)
    script = """
import sys
import worldmodels.envs.carracing.envpool
from worldmodels.envs.carracing.env import CarRacingEnv
assert not {"gymnasium", "Box2D", "pygame", "envpool"} & set(sys.modules)
CarRacingEnv([1])
"""
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
