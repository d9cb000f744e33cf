"""Which code this is: figures are the same on every machine only where it is the same."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

import numpy as np

STAGES = Path(__file__).resolve().parent.parent


@cache
def code_version() -> str:
    """Of the stages as they were when this process first asked, and of what they run on."""
    digest = hashlib.sha256()
    for path in sorted(STAGES.rglob("*.py")):
        digest.update(f"{path.relative_to(STAGES).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return f"stages {digest.hexdigest()[:12]}, NumPy {np.__version__}, {platform.machine()}"
