"""Engines of ViZDoom, each in a process that ends with this one.

The processes of an engine (see host.py and launch.py):

    this process -> host.py, with ViZDoom -> the engine

If this process ends, the connection to host.py is closed, which ends it; if host.py ends, Linux
kills the engine. So no way to end this process, SIGKILL included, leaves an engine or a file. Only
SIGKILL of host.py itself can leave two files of 10 kB, in the moment before launch.py runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections import defaultdict
from contextlib import suppress
from importlib.util import find_spec
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, NamedTuple

HOST = Path(__file__).with_name("host.py")
START_SECONDS, SECONDS = 300.0, 60.0  # after which an engine that does not answer is given up
END_SECONDS = 2.0  # after which its host is killed


class Camera(NamedTuple):
    """What of the screen is shown, and how large; of height 0: nothing, and none is drawn."""

    resolution: str  # of the screen, by ViZDoom's name
    top: int  # the first row
    bottom: int  # the row below the last one
    height: int  # of an observation
    width: int


class Answer(NamedTuple):
    """What has become of a game."""

    observation: bytes | None  # of (height, width, 3); none if the player is dead, or nothing drawn
    tics: int  # that the request took
    dead: bool
    health: int | None  # none if nothing is drawn: the engine tells it together with the screen


class EngineLost(Exception):  # noqa: N818
    """An engine has ended, or does not answer."""


class Engine:
    """An engine of ViZDoom; it starts when it is made, but is not waited for.

    Args:
        camera: what is shown.
    """

    def __init__(self, camera: Camera) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                # -P: the folder of host.py is not one of packages
                [sys.executable, "-P", HOST, str(number), *map(str, camera)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process
            )
        self.camera = camera
        self._started = False
        # called when nobody has this engine any more, and at the end of this process
        self.close = weakref.finalize(self, _end, self._connection, self._process)

    def send(self, request: tuple[Any, ...]) -> None:
        """Send a request: see host.py."""
        with suppress(OSError):  # `receive` tells of it
            self._connection.send(request)

    def receive(self) -> Answer:
        """The answer to the first request that has none yet.

        Raises:
            EngineLost: there will be none; says why.
        """
        if not self._started:
            self._receive(START_SECONDS)
            self._started = True
        return Answer(*self._receive(SECONDS))

    def _receive(self, seconds: float) -> Any:
        try:
            if not self._connection.poll(seconds):
                raise EngineLost(f"it has not answered for {seconds:g} seconds")
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise EngineLost(f"its process ended with {self._process.wait()}") from None
        if isinstance(answer, str) and answer != "started":
            raise EngineLost(answer)
        return answer


def _end(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    """End an engine: its host ends when the connection is closed, unless it hangs."""
    connection.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


_idle: defaultdict[tuple[int, Camera], list[Engine]] = defaultdict(list)  # by process and camera


def take_engine(camera: Camera) -> Engine:
    """An engine that is idle, or a new one."""
    idle = _idle[os.getpid(), camera]
    return idle.pop() if idle else Engine(camera)


def give_back(engine: Engine) -> None:
    """Keep an engine for the next game; it has no request without an answer."""
    _idle[os.getpid(), engine.camera].append(engine)


def require_vizdoom() -> None:
    """Do nothing where engines can run.

    Raises:
        ImportError: ViZDoom is not installed, or this is not Linux; the message says what to do.
    """
    if sys.platform != "linux":
        raise ImportError(f"doom runs on Linux alone, which ends its engines; found {sys.platform}")
    if find_spec("vizdoom") is None:
        raise ModuleNotFoundError(
            "doom needs a package that is not installed, vizdoom: run 'make install-doom'"
        )
