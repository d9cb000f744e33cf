"""What the benchmarks' command lines say of wrong arguments."""

import subprocess
import sys

import pytest

from tests.support.project import ROOT


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("seeds --seeds 0", "argument --seeds: should be a whole number from 1 on; found '0'"),
        ("seeds --set seed", "argument --set: should be KEY=VALUE; found 'seed'"),
        ("seeds --params nowhere.yaml", "seeds: nowhere.yaml: no such file"),
        ("paired_comparison nowhere.h5", "paired_comparison: nowhere.h5: no such file"),
    ],
)
def test_a_wrong_argument_is_a_line(command, line):
    name, *options = command.split()
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode
    assert line in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
