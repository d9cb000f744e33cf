"""What the control groups of this process (a container, a Slurm job, a systemd scope) still grant.

A process is in one group of each hierarchy, and the limits of all groups around it hold as well.
Version 1 and 2 are read: man 7 cgroups, docs.kernel.org/admin-guide/cgroup-v2.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc/self")


class Files(NamedTuple):
    """The files of a group's folder that say what it limits."""

    memory_limits: tuple[str, ...]
    memory_used: str
    reclaimable: tuple[str, ...]  # keys of memory.stat: used, but freed when it is needed


V1 = Files(
    ("memory.limit_in_bytes",),
    "memory.usage_in_bytes",
    ("total_inactive_file", "total_active_file"),
)
V2 = Files(("memory.max", "memory.high"), "memory.current", ("inactive_file", "active_file"))


def granted_memory() -> int | None:
    """Bytes that may still be used, without swap; None if no group limits them."""
    granted = []
    for files, folder in _groups("memory"):
        limits = [_number(folder / name) for name in files.memory_limits]
        limit = min((each for each in limits if each is not None), default=None)
        used = _number(folder / files.memory_used)
        if limit is not None and used is not None:
            stat = dict(line.split()[:2] for line in _lines(folder / "memory.stat") if " " in line)
            cache = [
                int(size) for key in files.reclaimable if (size := stat.get(key, "")).isdigit()
            ]
            granted.append(max(0, limit - max(0, used - sum(cache))))
    return min(granted, default=None)


def granted_cores() -> float | None:
    """CPU time that may be used in a unit of time; None if no group limits it."""
    granted = []
    for files, folder in _groups("cpu"):
        if files is V2:
            quota, period = [*" ".join(_lines(folder / "cpu.max")).split(), "", ""][:2]
        else:
            quota, period = (
                " ".join(_lines(folder / f"cpu.cfs_{name}_us")) for name in ("quota", "period")
            )
        if quota.isdigit() and period.isdigit() and int(period):  # not "max", not -1
            granted.append(int(quota) / int(period))
    return min(granted, default=None)


def _groups(controller: str) -> Iterator[tuple[Files, Path]]:
    """The folders of the groups that this process is in, from the innermost to the outermost."""
    for line in _lines(PROC / "cgroup"):
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            files, mount = V2, _mount("cgroup2")
        elif controller in controllers.split(","):
            files, mount = V1, _mount("cgroup", controller)
        else:
            continue
        if mount:
            root, top = mount
            # A container may see the path that its group has outside: then its mount is the group.
            inner = Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path()
            for folder in (top / inner, *(top / inner).parents):
                if folder.is_relative_to(top):
                    yield files, folder


def _mount(kind: str, controller: str = "") -> tuple[Path, Path] | None:
    """Of the hierarchy of a controller: the group that is mounted, and the folder it is seen at."""
    for line in _lines(PROC / "mountinfo"):
        left, _, right = line.partition(" - ")
        fields, (found, _, options) = left.split(), [*right.split(), "", "", ""][:3]
        if found == kind and (not controller or controller in options.split(",")):
            return Path(fields[3]), Path(fields[4].replace("\\040", " "))
    return None


def _lines(path: Path) -> list[str]:
    """The lines of a file; none if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    """The number in a file; None if there is none, as in "max"."""
    text = "".join(_lines(path)).strip()
    return int(text) if text.isdigit() else None
