"""Imports of packages that only CarRacing needs; everything else runs without them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

# The Pythons are those of the pinned Box2D, the only one of the packages that has no others.
REMEDY = "run 'make install-carracing' (Box2D has wheels for Python 3.11 to 3.13)"


@contextmanager
def optional_import(*packages: str) -> Iterator[None]:
    """A block in which packages of requirements-carracing.txt are imported.

    Raises:
        ImportError: one of them is not installed, or cannot be imported; the message says how to
            install it.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ModuleNotFoundError(
            f"carracing needs packages that are not installed, {', '.join(missing)}: {REMEDY}"
        )
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with warnings.catch_warnings():  # Box2D's C code crashes on warnings that are errors
        warnings.simplefilter("ignore")
        try:
            yield
        except ImportError as error:
            raise ImportError(
                f"carracing needs {' and '.join(packages)}, and cannot import them ({error}): "
                f"{REMEDY}"
            ) from error
