"""The bytes depend on no Python: what Pythons do differently is not used, and each is tried."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.project import ROOT, Project

# Where built-in `sum` is used, and how often: for integers and arrays. Since Python 3.12 it adds
# floats otherwise; np.cumsum(x)[-1] adds them from left to right, as it did before.
SUMS = {
    "stages/play.py": 1,
    "stages/train_v.py": 1,
    "worldmodels/controller/controller.py": 1,
    "worldmodels/envs/racing/track.py": 1,
    "worldmodels/figures/docs/intervals.py": 1,
    "worldmodels/pipeline/cgroups.py": 1,
    "worldmodels/pipeline/storage/npz.py": 1,
    "worldmodels/vision/variational.py": 1,
}
OF_PYENV = [str(path) for path in Path.home().glob(".pyenv/versions/*/bin/python3")]
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def files_of_stages() -> list[Path]:
    """All code that stages run."""
    return [path for folder in ("stages", "worldmodels") for path in (ROOT / folder).rglob("*.py")]


def test_no_float_goes_through_built_in_sum():
    used: Counter[str] = Counter()
    for path in files_of_stages():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and node.id == "sum":
                used[path.relative_to(ROOT).as_posix()] += 1
    assert used == SUMS


def test_no_float_goes_through_a_sum_of_the_standard_library():
    of_library = re.compile(r"\b(fsum|sumprod)\b|(import|from) statistics")
    for path in files_of_stages():
        assert not of_library.search(path.read_text(encoding="utf-8")), path


def python_of(version: str) -> str | None:
    """A Python of a version that runs, on PATH or in pyenv."""
    for name in (f"python{version}", *OF_PYENV):
        try:
            found = subprocess.run([name, "-c", VERSION], capture_output=True, text=True)
        except OSError:
            continue
        if found.stdout.strip() == version:
            return name
    return None


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_makes_the_same_bytes(make_project, template, version):
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("it is the one that runs the tests")
    python = python_of(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    project: Project = make_project(subprojects=True)
    project.run("make", f"PYTHON={python}")
    assert project.outputs() == Project(template).outputs()
