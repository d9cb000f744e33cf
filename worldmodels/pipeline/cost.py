"""What a run of a stage has cost: CPU time of all its processes, and wall time."""

from __future__ import annotations

import resource
import time
from contextlib import suppress


def cost(start: float) -> dict[str, float]:
    """CPU time of this process and those below it, and wall time since `start`, in hours.

    Those below it are its workers and their children, such as the engines of Doom. One that has
    ended counts if its parent has waited for it.
    """
    living = _seconds_of_the_living()
    own, ended = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + living
    return {"core_hours": seconds / 3600, "hours": (time.monotonic() - start) / 3600}


def _seconds_of_the_living() -> float:
    """CPU time of the living processes below this one, and of those that they have waited for."""
    import psutil

    seconds = 0.0
    with suppress(psutil.Error, OSError):  # a system that does not tell
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                times = process.cpu_times()
                seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
