"""Imports of packages that only CarRacing needs; everything else runs without them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def optional_import(*packages: str) -> Iterator[None]:
    """A block in which packages of requirements-carracing.txt are imported.

    Raises:
        ModuleNotFoundError: one of them is not installed; the message says how to install it.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ModuleNotFoundError(
            f"CarRacing needs packages that are not installed, {', '.join(missing)}: "
            "pip install -c constraints.txt -r requirements-carracing.txt"
        )
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with warnings.catch_warnings():  # Box2D's C code crashes on warnings that are errors
        warnings.simplefilter("ignore")
        yield
