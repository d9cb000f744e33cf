"""A limit of memory for processes that tests start."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress

import pytest

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="macOS limits no allocations")


def limit_memory(size: int) -> None:
    """Let this process allocate so many bytes at most; for `preexec_fn`."""
    with suppress(ValueError, OSError):  # macOS refuses
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
