#!/usr/bin/env -S python3 -IS
"""Becomes an engine of ViZDoom that ends with the process that started it: see host.py.

ViZDoom starts this in place of its engine. Linux kills the engine when the thread ends that started
it, in which ViZDoom waits for it.

An engine shares memory with ViZDoom by files in /dev/shm, and makes a folder, `_vizdoom`, in the
working directory, here a temporary one. When both sides have opened the files, host.py removes
them. A process of its own waits for that, or for the engine's end, and removes what is left.

Only the standard library is imported, and none of the project.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import sys
import tempfile
from pathlib import Path

PR_SET_PDEATHSIG = 1  # of Linux's prctl.h
SHARED = Path("/dev/shm")
SECONDS = 0.02  # between two looks at the files


def main() -> None:
    """Become the engine DOOM_ENGINE, and end with the process DOOM_HOST."""
    arguments = sys.argv[1:]
    name = arguments[arguments.index("+viz_instance_id") + 1]
    files = [SHARED / f"ViZDoom{part}{name}" for part in ("MQCtr", "MQDoom", "SM")]
    folder = tempfile.mkdtemp(prefix="vizdoom-")
    os.chdir(folder)
    watch(files, folder)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(os.environ["DOOM_HOST"]):  # it has not ended before
        os.execv(os.environ["DOOM_ENGINE"], [os.environ["DOOM_ENGINE"], *arguments])


def watch(files: list[Path], folder: str) -> None:
    """Fork a process that removes the files when the engine ends, and the folder with the files.

    It is a child's child, so that the engine has no child that it would have to wait for.
    """
    end, held = os.pipe()
    os.set_inheritable(held, True)  # by the engine, so it is closed at the engine's end
    if child := os.fork():
        os.waitpid(child, 0)
        return
    if not os.fork():
        os.close(held)
        while any(file.exists() for file in files):
            if select.select([end], [], [], SECONDS)[0]:
                for file in files:
                    file.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
