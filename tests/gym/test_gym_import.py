"""`import worldmodels.gym` where Gymnasium is not installed, or pygame is not."""

import subprocess
import sys

import pytest

from tests.support.project import ROOT


def run(script):
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_without_gymnasium_one_sentence_says_what_to_install():
    script = "import sys; sys.modules['gymnasium'] = None; import worldmodels; worldmodels.load\n"
    result = run(script + "import worldmodels.gym")
    line = result.stderr.splitlines()[-1]
    assert line.startswith("ImportError: worldmodels.gym needs Gymnasium, and cannot import it (")
    assert line.endswith("run 'pip install -c constraints.txt -r requirements-gymnasium.txt'")
    assert (ROOT / "requirements-gymnasium.txt").exists()


def test_pygame_is_imported_for_a_window_alone_and_asked_for_if_it_is_not_there():
    script = """
import sys
sys.modules["pygame"] = None
import gymnasium, worldmodels.gym
gymnasium.make("WorldModels/Racing-v0", render_mode="rgb_array").reset()
gymnasium.make("WorldModels/Racing-v0", render_mode="human").reset()
"""
    line = run(script).stderr.splitlines()[-1]
    assert line.startswith("gymnasium.error.DependencyNotInstalled: render_mode 'human' needs pyga")


@pytest.mark.parametrize("module", ["torch", "matplotlib", "pygame", "Box2D"])
def test_nothing_heavy_is_imported(module):
    script = "import sys, gymnasium, worldmodels.gym; gymnasium.make('WorldModels/Racing-v0')\n"
    assert run(script + f"assert {module!r} not in sys.modules").returncode == 0
