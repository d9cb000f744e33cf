"""Checkpoints of a running stage, so that a run that is stopped continues where it was.

A checkpoint is used only by a run with the same code, params and inputs. A run that continues from
one ends with the same bytes as a run that was never stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from worldmodels.pipeline.code_version import code_version
from worldmodels.pipeline.file_errors import UNREADABLE, named_in_errors
from worldmodels.pipeline.storage import npz

FOLDER = Path(".scratch")  # which git and DVC ignore
INTERVAL = 2.0  # seconds between two checkpoints, at the least
SHARE = 0.05  # of the run time that may go into writing checkpoints, at the most
ARRAY = "an array, by its number"

State = dict[str, Any]  # arrays, numbers, texts, None, and lists and dicts of those


class Checkpoints:
    """The checkpoints of one run, by name.

    Args:
        folder: where they lie; no other run's do.
        fingerprint: of all that they depend on.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._due: dict[str, float] = {}

    def load(self, name: str) -> State | None:
        """The state that a run with the same fingerprint saved, if any."""
        try:
            kind, arrays = npz.read(self._path(name))
            text = str(arrays.pop("state"))
            if kind != self._fingerprint:
                return None
            state: State = json.loads(text, object_hook=lambda entry: _decode(entry, arrays))
            return state
        except UNREADABLE:
            return None

    def save(self, name: str, state: Callable[[], State], *, force: bool = False) -> None:
        """Save what `state` returns, if the last time is long enough ago, or with `force`."""
        start = time.monotonic()
        if not force and start < self._due.setdefault(name, start + INTERVAL):
            return
        arrays: dict[str, Any] = {}

        def encode(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                arrays[str(len(arrays))] = value
                return {ARRAY: str(len(arrays) - 1)}
            return value.item()  # of NumPy's numbers

        text = np.array(json.dumps(state(), default=encode))
        path = self._path(name)
        temporary = path.with_suffix(".tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            npz.write(temporary, {**arrays, "state": text}, self._fingerprint)
            temporary.replace(path)
        except OSError:  # where there is no room for it, the run continues without
            with suppress(OSError):
                temporary.unlink()
        end = time.monotonic()
        self._due[name] = end + max(INTERVAL, (end - start) / SHARE)

    def clear(self) -> None:
        """Remove them, after a run that has ended well."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npz"


class NoCheckpoints(Checkpoints):
    """For runs in memory: saves nothing."""

    def __init__(self) -> None:
        super().__init__(FOLDER, "")

    def load(self, name: str) -> State | None:
        """None."""
        return None

    def save(self, name: str, state: Callable[[], State], *, force: bool = False) -> None:
        """Do nothing."""


def _decode(entry: dict[str, Any], arrays: dict[str, Any]) -> Any:
    return arrays[entry[ARRAY]] if ARRAY in entry else entry


def fingerprint(params: bytes, inputs: Iterable[Path]) -> str:
    """Hash of the params, the content of the inputs, and the code."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{code_version()} ".encode())
    digest.update(params)
    for path in inputs:
        with named_in_errors(path, "read"), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, hashlib.blake2b).digest())
    return digest.hexdigest()


def checkpoint_folder(stage: str, outputs: Iterable[Path]) -> Path:
    """The folder of the checkpoints of a stage that writes these files."""
    names = "\n".join(str(path.absolute()) for path in outputs)
    return FOLDER / f"{stage}-{hashlib.blake2b(os.fsencode(names), digest_size=6).hexdigest()}"
