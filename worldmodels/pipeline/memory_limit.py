"""A limit on allocations, so that a process that needs too much memory fails with an error.

Linux grants almost any allocation, and later kills a process that uses more memory than there is.
With a limit the allocation itself fails, and the stage can report it.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_limit() -> Iterator[None]:
    """Limit the allocations of the block, and of processes started in it, to the free memory.

    A lower limit that exists already stays. There is no limit where the free memory is unknown.
    """
    free = free_memory()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (free, soft) if limit and limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits, default=soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def free_memory() -> int | None:
    """Bytes that the system can provide, and at most what its container is granted."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return None
    kilobytes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    free = 1024 * (kilobytes["MemAvailable"] + kilobytes["SwapFree"])
    try:
        granted = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such file, or "max"
        return free
    return min(free, granted)
