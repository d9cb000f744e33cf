"""Memory that the machine does not have is refused when it is asked for.

Linux grants whatever is asked for, and kills who then uses more than there is. Within a limit, to
ask for too much is an error, which can be said in words.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_limit() -> Iterator[None]:
    """Let the block, and processes started in it, ask for no more memory than is free now.

    A limit that is lower already stays; where nobody says what is free, there is none.
    """
    room = free_memory()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (room, soft) if limit and limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits, default=soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def free_memory() -> int | None:
    """Bytes that the system could give, and no more than its container is granted."""
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
