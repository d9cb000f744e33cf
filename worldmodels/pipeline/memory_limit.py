"""A limit on allocations, so that a process that needs too much memory fails with an error.

Linux grants almost any allocation, and later kills a process that uses more memory than there is.
With a limit the allocation itself fails, and the stage can report it.
"""

from __future__ import annotations

import resource
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from worldmodels.pipeline.cgroups import granted_memory


@contextmanager
def memory_limit() -> Iterator[None]:
    """Limit the allocations of the block, and of processes started in it, to the free memory.

    A lower limit that exists already stays. There is no limit where the free memory is unknown, or
    where the system knows no such limit.
    """
    free = free_memory()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if free is not None:
        limit = free + _own_memory()
        _set_limit(limit if soft == resource.RLIM_INFINITY else min(limit, soft), hard)
    try:
        yield
    finally:
        _set_limit(soft, hard)


def free_memory() -> int | None:
    """Bytes that the system, and the control groups of this process, still grant; None: unknown."""
    known = [bytes_ for bytes_ in (_free_in_system(), granted_memory()) if bytes_ is not None]
    return min(known, default=None)


def _free_in_system() -> int | None:
    import psutil

    with warnings.catch_warnings(), suppress(Exception):  # a guard must not stop the run
        warnings.simplefilter("ignore")  # of a /proc/meminfo that is not complete
        available = int(psutil.virtual_memory().available)
        with suppress(Exception):
            available += int(psutil.swap_memory().free)
        return available or None  # psutil says 0 where it does not know
    return None


def _own_memory() -> int:
    """Bytes that this process has allocated already, which the limit counts, too."""
    import psutil

    with suppress(Exception):
        return int(psutil.Process().memory_info().data)
    return 0


def _set_limit(soft: int, hard: int) -> None:
    with suppress(ValueError, OSError):  # macOS and sandboxes may refuse it
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
