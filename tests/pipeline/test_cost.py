"""The cost of a run: CPU time of the process and of all below it, and wall time."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from worldmodels.pipeline import cost as module
from worldmodels.pipeline.cost import cost

BUSY = 0.2  # seconds of CPU time
# Starts another if it is asked to, is busy, writes a line, and stays until its input is closed.
SCRIPT = f"""
import subprocess, sys, time
child = sys.argv[1:] and subprocess.Popen([sys.executable, __file__])
while time.process_time() < {BUSY}:
    pass
print(flush=True)
sys.stdin.read()
if child:
    child.wait()
"""


def seconds(user: float, system: float) -> SimpleNamespace:
    """CPU time."""
    return SimpleNamespace(ru_utime=user, ru_stime=system)


def core_seconds() -> float:
    return cost(0)["core_hours"] * 3600


@pytest.fixture
def child(tmp_path):
    """A child of this process, with one of its own; both have been busy."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, script, "with a child"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as started:
        yield started


def test_living_processes_and_those_that_were_waited_for_count(child):
    before = core_seconds()
    child.stdout.readline()
    child.stdout.readline()
    living = core_seconds() - before
    assert 1.5 * BUSY < living < 10 * BUSY
    child.communicate()
    assert core_seconds() - before == pytest.approx(living, abs=BUSY)  # and nothing counts twice


def test_hours_are_of_the_processor_and_of_the_clock(monkeypatch):
    used = {0: seconds(5, 1), -1: seconds(7, 2)}  # by this process and those that have ended
    monkeypatch.setattr(module.resource, "getrusage", used.get)
    monkeypatch.setattr(module, "_seconds_of_the_living", lambda: 3.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 136.0))
    assert cost(100.0) == {"core_hours": 18 / 3600, "hours": 0.01}
