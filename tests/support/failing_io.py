"""A library that is preloaded to make the system's calls on some files fail; see failing_io.c."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

needs_compiler = pytest.mark.skipif(
    not (sys.platform == "linux" and shutil.which("cc")), reason="needs Linux and a C compiler"
)


def compile_library(folder: Path) -> Path:
    """Compile it; its path."""
    library = folder / "failing_io.so"
    source = Path(__file__).with_suffix(".c")
    made = subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=False)
    if made.returncode:
        pytest.skip("the C compiler does not work")
    return library


def failing(library: Path, path: str, **calls: int) -> dict[str, str]:
    """The variables with which calls on files whose path contains `path` fail.

    Args:
        library: as compiled.
        path: a part of the files' paths.
        calls: the number of the error by the name of the call.
    """
    numbers = ",".join(f"{call}:{number}" for call, number in calls.items())
    return {"LD_PRELOAD": str(library), "FAIL_PATH": path, "FAIL": numbers}
