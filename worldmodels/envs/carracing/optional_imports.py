"""Packages that only some worlds need, and that the core runs without."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def extra(*packages: str) -> Iterator[None]:
    """Where packages of requirements-carracing.txt are imported.

    Raises:
        ModuleNotFoundError: one of them is not installed; says how to install it.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ModuleNotFoundError(
            f"CarRacing needs packages that are not installed, {', '.join(missing)}: "
            "pip install -c constraints.txt -r requirements-carracing.txt"
        )
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with warnings.catch_warnings():  # to Box2D's C code a warning made an error is a crash
        warnings.simplefilter("ignore")
        yield
