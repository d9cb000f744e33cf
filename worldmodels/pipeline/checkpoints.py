"""What an unfinished run leaves behind, so that the next one goes on with it and loses seconds.

A state is believed only if code, params and inputs are those that it was left by; a run that goes
on with one ends with the same bytes as a run that was never stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from worldmodels.pipeline.code_version import code_version
from worldmodels.pipeline.outputs import UNREADABLE
from worldmodels.pipeline.storage import npz

FOLDER = Path(".scratch")  # git and DVC look away
INTERVAL = 2.0  # seconds from one state to the next, at the least
SHARE = 0.05  # of the time that may go into writing states, at the most
ARRAY = "an array, by its number"
State = dict[str, Any]  # arrays, numbers, texts, None, and lists and dicts of those


class Scratch:
    """The states of one run, by name.

    Args:
        folder: where they lie; no other run's do.
        fingerprint: of all that they hang on.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._due: dict[str, float] = {}

    def load(self, name: str) -> State | None:
        """The state that a run with the same fingerprint left, if any."""
        try:
            kind, arrays = npz.read(self._path(name))
            text = str(arrays.pop("state"))
            if kind != self._fingerprint:
                return None
            state: State = json.loads(text, object_hook=lambda entry: _found(entry, arrays))
            return state
        except UNREADABLE:
            return None

    def save(self, name: str, state: Callable[[], State], *, now: bool = False) -> None:
        """Keep what `state` gives, if the last time is long enough ago, or if it must be now."""
        start = time.monotonic()
        if not now and start < self._due.setdefault(name, start + INTERVAL):
            return
        arrays: dict[str, Any] = {}

        def kept(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                arrays[str(len(arrays))] = value
                return {ARRAY: str(len(arrays) - 1)}
            return value.item()  # of NumPy's numbers

        text = np.array(json.dumps(state(), default=kept))
        path = self._path(name)
        temporary = path.with_suffix(".tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            npz.write(temporary, {**arrays, "state": text}, self._fingerprint)
            temporary.replace(path)
        except OSError:  # where there is no room for it, the run goes on without
            with suppress(OSError):
                temporary.unlink()
        end = time.monotonic()
        self._due[name] = end + max(INTERVAL, (end - start) / SHARE)

    def clear(self) -> None:
        """The run has ended well: nobody needs them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npz"


class NoScratch(Scratch):
    """For runs in memory: keeps nothing."""

    def __init__(self) -> None:
        super().__init__(FOLDER, "")

    def load(self, name: str) -> State | None:
        """Nothing was left."""
        return None

    def save(self, name: str, state: Callable[[], State], *, now: bool = False) -> None:
        """Nothing is kept."""


def _found(entry: dict[str, Any], arrays: dict[str, Any]) -> Any:
    return arrays[entry[ARRAY]] if ARRAY in entry else entry


def fingerprint(params: bytes, inputs: Iterable[Path]) -> str:
    """Hash of the params, the content of the inputs, and the code."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{code_version()} ".encode())
    digest.update(params)
    for path in inputs:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, hashlib.blake2b).digest())
    return digest.hexdigest()


def folder_of(stage: str, outputs: Iterable[Path]) -> Path:
    """Where the states of a stage lie that writes these files."""
    names = "\n".join(str(path.absolute()) for path in outputs)
    return FOLDER / f"{stage}-{hashlib.blake2b(names.encode(), digest_size=6).hexdigest()}"
