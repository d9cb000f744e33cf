"""How many processors there are to use."""

from __future__ import annotations

import math
import os
from pathlib import Path


def available_cores() -> int:
    """Cores that this process is bound to, and no more than its container grants."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        granted = math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return bound or 1
    return min(bound or 1, granted)
