import resource

import numpy as np
import psutil
import pytest

from tests.support.limits import linux_only
from worldmodels.pipeline import memory_limit as limits

MEMINFO = """\
MemTotal:       16000000 kB
MemFree:         4000000 kB
Buffers:          100000 kB
Cached:          2000000 kB
Active(file):    1000000 kB
Inactive(file):   900000 kB
SReclaimable:     100000 kB
SwapTotal:             0 kB
SwapFree:              0 kB
"""


@linux_only
def test_more_memory_than_is_free_cannot_be_allocated(monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory_limit():
        free = limits.free_memory()
        with pytest.raises(MemoryError):
            np.zeros(2 * free, np.uint8)  # Linux alone would grant it
        monkeypatch.setattr(limits, "free_memory", lambda: 10 * free)
        inside = resource.getrlimit(resource.RLIMIT_DATA)
        with limits.memory_limit():
            assert resource.getrlimit(resource.RLIMIT_DATA) == inside
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@linux_only
def test_what_the_process_has_already_does_not_count_against_what_is_free(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 1 << 26)
    with limits.memory_limit():
        np.ones(1 << 22)  # 32 MiB
        with pytest.raises(MemoryError):
            np.ones(1 << 24)


def test_there_is_no_limit_where_the_free_memory_is_unknown(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: None)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limits.memory_limit():
        assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.parametrize("error", [ValueError, OSError(1, "not permitted")])
def test_a_system_that_refuses_the_limit_stops_no_run(monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(resource, "setrlimit", refuse)
    with limits.memory_limit():
        pass


@pytest.mark.parametrize(
    ("meminfo", "expected"),
    [
        (MEMINFO, (4_000_000, 7_000_000)),  # WSL1, OpenVZ: no MemAvailable
        (MEMINFO + "MemAvailable: 5000000 kB\n", (5_000_000, 5_000_000)),
        (MEMINFO.replace("Buffers", "Puffers"), (4_000_000, 7_000_000)),
        ("MemTotal: 16000000 kB\n", None),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_meminfo_that_is_not_complete_stops_no_run(tmp_path, monkeypatch, meminfo, expected):
    if meminfo is not None:
        (tmp_path / "meminfo").write_text(meminfo)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    monkeypatch.setattr(limits, "granted_memory", lambda: None)
    free = limits.free_memory()
    if expected is None:
        assert free is None
    else:
        assert expected[0] << 10 <= free <= expected[1] << 10
    with limits.memory_limit():
        pass


def test_the_lower_of_the_system_and_its_control_groups_counts(monkeypatch):
    monkeypatch.setattr(limits, "granted_memory", lambda: 1 << 28)
    assert limits.free_memory() == 1 << 28
    monkeypatch.setattr(limits, "granted_memory", lambda: 1 << 62)
    assert limits.free_memory() < 1 << 50
