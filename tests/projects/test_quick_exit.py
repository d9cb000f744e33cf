"""Processes end without a search for garbage: those of .venv, and stages anywhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.project import ROOT

# An object that knows itself is not collected at the end, and so says nothing.
LOOP = """
class Loop:
    def __del__(self):
        print("collected")
loop = Loop()
loop.itself = loop
del loop
"""


def output_of(start: str, *arguments: Path) -> str:
    """What a Python prints that has read no .pth file before `start`."""
    packages = os.pathsep.join((str(ROOT), str(Path(np.__file__).parents[1])))
    return subprocess.run(
        [sys.executable, "-S", "-c", start + LOOP, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_pythons_of_venv_leave_their_garbage_to_the_system(tmp_path):
    shutil.copy(ROOT / "tools/quick_exit.pth", tmp_path)
    start = "import site, sys; site.addsitedir(sys.argv[1])"
    assert output_of(start, tmp_path / "none") == "collected\n"
    assert output_of(start, tmp_path) == ""


@pytest.mark.parametrize(("package", "output"), [("worldmodels", "collected\n"), ("stages", "")])
def test_stages_do_so_without_venv(package, output):
    assert output_of(f"import {package}") == output
