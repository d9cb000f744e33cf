"""`make` sets .venv up on any machine: which Python, with what, and what it says where it cannot.

Pythons, pip and uv are scripts here, which write down what they are asked for.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.machine import add_python, add_script, make, run
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository's set-up, and beside it `bin`, which is all of PATH."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "tools", folder / "tools")
    for path in (ROOT / "Makefile", *ROOT.glob("requirements*.txt"), ROOT / "constraints.txt"):
        shutil.copy(path, folder)
    (folder / "recipes/quick/stages").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", folder], check=True)
    (tmp_path / "bin").mkdir()
    for name in ("make", "sh", "git", "cat", "cksum", "cp", "cut", "env", "mkdir", "rm"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return folder


def refusal(folder: Path, *arguments: str) -> str:
    """The one line with which `make` refuses, leaving no .venv behind."""
    result = make(folder, *arguments)
    assert result.returncode == 2
    assert not (folder / ".venv").exists()
    line, of_make = result.stderr.splitlines()
    assert of_make.startswith("make: ***")
    return line


def log(folder: Path) -> list[str]:
    """What was done, a line each."""
    return (folder / "log").read_text().splitlines()


def test_the_newest_python_that_fits_and_runs_is_taken_and_named(folder):
    add_python(folder, "python3.14", says="exit 127")  # a shim of pyenv without its Python
    add_python(folder, "python3.13", "3.13", lacks_venv="1")
    taken = add_python(folder, "python3.12", "3.12")
    add_python(folder, "python3.11", "3.11")
    add_python(folder, "python3", "3.15")
    first = make(folder).stdout.splitlines()[0]
    assert first == f"CPython 3.12 ({taken}) is taken for .venv"


@pytest.mark.parametrize("name", ["python3", "python"])
def test_a_python_without_its_version_in_its_name_is_found(folder, name):
    add_python(folder, name, "3.11")
    assert make(folder).stdout.startswith("CPython 3.11 (")


def test_where_no_python_fits_a_line_says_what_to_install(folder):
    add_python(folder, "python3", "3.10")
    line = refusal(folder)
    assert line.startswith("No CPython 3.11 to 3.14 with venv is on PATH: install one (")
    assert "make PYTHON=" in line


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"version": "3.10"}, "PYTHON=mine is CPython 3.10: CPython 3.11 to 3.14 fits"),
        ({"version": "3.15"}, "PYTHON=mine is CPython 3.15: CPython 3.11 to 3.14 fits"),
        ({"version": "2.7"}, "PYTHON=mine is CPython 2.7: CPython 3.11 to 3.14 fits"),
        ({"says": "printf 'PyPy 3.11 /'"}, "PYTHON=mine is PyPy 3.11: CPython 3.11 to 3.14 fits"),
        ({"says": "exit 1"}, "PYTHON=mine does not run: give one that does, CPython 3.11 to 3.14"),
        ({"version": "3.12", "lacks_venv": "1"}, "PYTHON=mine has no venv and ensurepip: "),
        ({"version": "3.12", "breaks": "1"}, ".venv could not be made with mine"),
    ],
)
def test_a_python_that_does_not_fit_is_refused_in_a_line(folder, answers, line):
    add_python(folder, "mine", **answers)
    assert refusal(folder, "PYTHON=mine").startswith(line)


def test_a_python_that_is_not_there_is_refused_in_a_line(folder):
    assert refusal(folder, "PYTHON=/no/python").startswith("PYTHON=/no/python does not run")


def test_pyproject_setup_ci_and_readme_name_the_same_pythons():
    versions = [f"3.{minor}" for minor in range(11, 15)]
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["requires-python"] == ">=3.11,<3.15"
    names = re.findall(r"python(3\.\d+)", (ROOT / "tools/setup.sh").read_text(encoding="utf-8"))
    assert sorted(set(names)) == versions
    workflow = parse_yaml((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == versions
    assert "Python (3.11 to 3.14)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_second_make_does_nothing(folder):
    add_python(folder, "python3.12", "3.12")
    make(folder)
    done = log(folder)
    again = make(folder)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert log(folder) == done


def test_another_python_than_before_makes_venv_anew_and_stays(folder):
    add_python(folder, "python3.13", "3.13")
    add_python(folder, "python3.12", "3.12")
    make(folder)
    assert make(folder, "PYTHON=python3.12").stdout.startswith("CPython 3.12 (")
    assert make(folder).stdout == ""
    assert make(folder, "PYTHON=python3.12").stdout == ""


def test_a_variable_python_in_the_environment_is_not_for_this_project(folder):
    add_python(folder, "python3.12", "3.12")
    assert make(folder, PYTHON="/another/python").returncode == 0


def test_a_refused_python_leaves_the_venv_of_before(folder):
    add_python(folder, "python3.12", "3.12")
    add_python(folder, "python3.10", "3.10")
    make(folder)
    assert make(folder, "PYTHON=python3.10").returncode == 2
    assert make(folder).stdout == ""


@pytest.mark.parametrize("damage", ["half-made", "moved", "its Python is gone"])
def test_a_venv_that_cannot_work_is_made_anew(folder, damage):
    add_python(folder, "python3.12", "3.12")
    make(folder)
    if damage == "half-made":
        (folder / ".venv/.made").unlink()
    elif damage == "moved":
        folder = folder.rename(folder.with_name("moved"))
    else:
        (folder / ".venv/bin/python").unlink()
    assert make(folder).stdout.startswith("CPython 3.12 (")
    assert log(folder).count("made") == 2


def test_an_environment_that_a_link_leads_to_is_not_emptied(folder):
    add_python(folder, "python3.12", "3.12")
    make(folder)
    other = (folder / ".venv").rename(folder.parent / "environment")
    (folder / ".venv").symlink_to(other)
    (other / ".made").write_text("/elsewhere")
    result = make(folder)
    assert result.returncode == 2
    assert result.stderr.startswith(".venv is a link to the environment of another folder")
    assert (other / "bin").exists()


def test_an_interrupted_install_is_taken_up(folder):
    add_python(folder, "python3.12", "3.12")
    make(folder)
    (folder / ".venv/.requirements.txt").unlink()
    assert make(folder).stdout == "pip installs requirements.txt into .venv\n"


def test_changed_requirements_are_installed(folder):
    add_python(folder, "python3.12", "3.12")
    make(folder)
    (folder / "constraints.txt").write_text("numpy==1\n")
    assert make(folder).stdout == "pip installs requirements.txt into .venv\n"


def test_settings_for_other_projects_do_not_reach_pip_but_the_index_and_caches_do(folder):
    add_python(folder, "python3.12", "3.12")
    kept = (
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_PROXY", "PIP_CACHE_DIR"),
        *("PIP_CONFIG_FILE", "PYTHONPYCACHEPREFIX"),
    )
    left_out = (
        *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV"),
        *("PIP_NO_BINARY", "PIP_CONSTRAINT", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH"),
        *("PYTHONOPTIMIZE", "PYTHONNOUSERSITE", "VIRTUAL_ENV", "CONDA_PREFIX", "CDPATH", "GIT_DIR"),
        *("GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
        *("PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING"),  # with a wrong one no Python starts
    )
    make(folder, **dict.fromkeys((*kept, *left_out), "1"))
    seen = {line.split("=")[0] for line in (folder / "environment").read_text().splitlines()}
    assert seen >= set(kept)
    assert not seen & set(left_out)
    assert "--no-user --target= " in log(folder)[-1]  # whatever a pip.conf says


def test_packages_that_went_elsewhere_are_noticed(folder):
    add_python(folder, "python3.12", "3.12", installs="elsewhere")
    result = make(folder)
    assert result.returncode == 2
    assert result.stderr.startswith("requirements.txt went elsewhere than .venv: see 'pip config")


def test_uv_is_used_where_it_is(folder):
    add_python(folder, "python3.12", "3.12")
    add_script(folder, "uv", '#!/bin/sh\necho "uv $*" >>log\ncp "$0" .venv/bin/dvc\n')
    assert make(folder).stdout.endswith("uv installs requirements.txt into .venv\n")
    assert log(folder)[1:] == [
        "uv pip install --python .venv/bin/python --quiet -c constraints.txt -r requirements.txt"
    ]


def test_pip_installs_where_uv_cannot(folder):
    add_python(folder, "python3.12", "3.12")
    add_script(folder, "uv", "#!/bin/sh\necho a page of errors >&2\nexit 2\n")
    result = make(folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("uv could not: pip installs requirements.txt\n")
    assert log(folder)[-1].startswith("-m pip install ")


@pytest.mark.parametrize("has_uv", [True, False])
def test_an_install_that_fails_stops_make_and_is_tried_again(folder, has_uv):
    add_python(folder, "python3.12", "3.12", installs="/no/such/folder")
    if has_uv:
        add_script(folder, "uv", "#!/bin/sh\nexit 2\n")
    assert make(folder).returncode == 2
    (folder / ".venv/bin/dvc").symlink_to("python")
    assert make(folder).returncode == 2  # pip fails again


def test_where_box2d_has_no_wheel_a_line_says_so_and_the_status_tells_ci(folder):
    add_python(folder, "python3.14", "3.14")
    assert make(folder).returncode == 0
    result = run(folder, "sh", "tools/setup.sh", "requirements-carracing.txt")
    assert result.returncode == 3
    assert result.stderr == (
        "Box2D has no wheel for Python 3.14, but for 3.11 to 3.13: "
        "make PYTHON=python3.13 install-carracing\n"
    )


def test_where_doom_cannot_run_a_line_says_so_and_the_status_tells_ci(folder):
    add_python(folder, "python3.12", "3.12")
    assert make(folder).returncode == 0
    add_script(folder, "uname", "#!/bin/sh\necho Darwin\n")
    result = run(folder, "sh", "tools/setup.sh", "requirements-doom.txt")
    assert result.returncode == 3
    assert result.stderr == "Doom runs on Linux alone, which ends its engines; this is Darwin\n"
    add_script(folder, "uname", "#!/bin/sh\necho Linux\n")
    assert run(folder, "sh", "tools/setup.sh", "requirements-doom.txt").returncode == 0
