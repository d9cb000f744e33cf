"""Progress bars are for terminals, and fail no stage."""

import os
import subprocess
import sys
import termios

import pytest

from tests.support.project import ROOT

STEPS = """
import time
from worldmodels.pipeline.progress import progress
for step in progress(range(3), "steps", 3):
    time.sleep(1.1 * (step == 0))  # bars of less than a second are not shown
"""
HOSTILE = {
    "TQDM_MININTERVAL": "x",
    "TQDM_NCOLS": "wide",
    "TQDM_BAR_FORMAT": "{none}",
    "TQDM_FILE": "x",
    "TQDM_DESC": "x",
}


def on_terminal(**variables: str) -> str:
    """What three steps print on a terminal."""
    try:
        ours, theirs = os.openpty()
    except OSError:
        pytest.skip("this system gives no terminal")
    termios.tcsetwinsize(theirs, (24, 80))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TQDM_")}
    process = subprocess.run(
        [sys.executable, "-c", STEPS], cwd=ROOT, env=clean | variables, stderr=theirs
    )
    os.write(theirs, b"end")  # so that there is something to read
    shown = os.read(ours, 1 << 16).decode()
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0, shown
    return shown


def test_there_is_a_bar_on_a_terminal_whatever_a_person_has_set():
    assert "steps:  33%" in on_terminal(**HOSTILE)


def test_a_person_may_switch_bars_off():
    assert on_terminal(TQDM_DISABLE="1") == "end"


def test_without_standard_error_the_steps_are_done():
    closed = f"exec '{sys.executable}' -c '{STEPS}print(step)' 2>&-"
    result = subprocess.run(["sh", "-c", closed], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert (result.returncode, result.stdout) == (0, "2\n")
