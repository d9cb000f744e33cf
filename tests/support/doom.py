"""Doom for tests: its params, the mark of what needs ViZDoom, and the processes of its engines."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from worldmodels.pipeline.config.env_params import DoomParams, DoomView

needs_vizdoom = pytest.mark.skipif(
    find_spec("vizdoom") is None, reason="needs requirements-doom.txt"
)
PARAMS = DoomParams(view=DoomView(height=28, width=80), frame_skip=4, max_steps=40)
SHARED = Path("/dev/shm")
FILES = ("vizdoom/vizdoom", "doom/host.py", "doom/launch.py")  # that processes of engines run


def engine_processes(process: psutil.Process) -> list[psutil.Process]:
    """The hosts and engines below a process."""
    return [each for each in process.children(recursive=True) if runs(each)]


def runs(process: psutil.Process, files: tuple[str, ...] = FILES) -> bool:
    """Whether a process runs one of the files, or becomes an engine."""
    try:
        return any(argument.endswith(files) for argument in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def shared_files() -> set[Path]:
    """The files by which ViZDoom and its engines share memory."""
    return set(SHARED.glob("ViZDoom*"))


def wait_until(condition, seconds: float = 120.0) -> bool:
    """Whether the condition has come true within some seconds."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())
