"""A hash of this package's code: only the same code gives the same numbers on every machine."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

import numpy as np

from worldmodels.pipeline.file_errors import named_in_errors

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def code_version() -> str:
    """Hash of the package as it was when this process first asked, and what it runs on."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        with named_in_errors(path, "read"):
            digest.update(path.read_bytes())
    return (
        f"{PACKAGE.name} {digest.hexdigest()[:12]}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}, {platform.machine()}"
    )
