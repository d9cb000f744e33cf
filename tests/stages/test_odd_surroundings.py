"""Stages run in any folder, and beside any variables of the environment."""

import os
import subprocess
import sys

import pytest

from tests.support.project import ROOT

QUICK = ROOT / "recipes" / "quick" / "params.yaml"
STAGES = {
    "collect": ["r.h5"],
    "train_v": ["r.h5", "v.npz"],
    "encode": ["r.h5", "v.npz", "l.h5"],
    "train_m": ["l.h5", "m.npz"],
}


def run_stages(folder, stages=STAGES, **variables):
    """Run stages in a folder; what each of them wrote."""
    for stage, files in stages.items():
        result = subprocess.run(
            [sys.executable, "-m", f"stages.{stage}", *files, "--params", QUICK],
            cwd=folder,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        )
        assert result.returncode == 0, result.stderr
        assert not result.stderr
    return [(folder / files[-1]).read_bytes() for files in stages.values()]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    return run_stages(tmp_path_factory.mktemp("ordinary"))


@pytest.mark.parametrize("name", [b"caf\xe9 \xff", "a b\n'c\" ½ 😀".encode(), b"-rf *?[x]$HOME %s"])
def test_a_folder_may_have_any_name(tmp_path, ordinary, name):
    folder = tmp_path / os.fsdecode(name)
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system refuses the name")
    assert run_stages(folder) == ordinary


def test_variables_that_other_programs_read_change_nothing(tmp_path, ordinary):
    foreign = {"COMPUTE": "gpu", "SEED": "7", "EXECUTOR": "slurm", "WORKERS": "many", "DEBUG": "1"}
    assert run_stages(tmp_path, **foreign) == ordinary
