"""Limits of control groups: of both versions, nested, less what is used already."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.project import ROOT
from worldmodels.pipeline import cgroups

MIB = 1 << 20
UNLIMITED_V1 = str(0x7FFFFFFFFFFFF000)


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Writes what /proc says of the groups of this process, and the files of a group."""
    proc, mount = tmp_path / "proc", tmp_path / "sys fs"
    proc.mkdir()
    mount.mkdir()
    monkeypatch.setattr(cgroups, "PROC", proc)

    def proc_files(cgroup, kind="cgroup2", options="rw", root="/"):
        (proc / "cgroup").write_text(cgroup)
        point = str(mount).replace(" ", "\\040")
        (proc / "mountinfo").write_text(
            "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
            f"31 23 0:28 {root} {point} rw shared:9 - {kind} {kind} {options}\n"
        )

    def write(path, **files):
        (mount / path).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (mount / path / name.replace("__", ".")).write_text(f"{content}\n")

    write.proc = proc_files
    return write


def test_nothing_is_known_where_there_are_no_groups(group):
    assert cgroups.granted_memory() is None
    assert cgroups.granted_cores() is None


def test_a_group_without_limits_grants_anything(group):
    group.proc("0::/job\n")
    group("job", memory__max="max", memory__high="max", memory__current=5, cpu__max="max 100000")
    assert cgroups.granted_memory() is None
    assert cgroups.granted_cores() is None


def test_limits_of_the_groups_around_count_less_what_is_used(group):
    group.proc("0::/slurm/job/step\n")
    group("slurm/job/step", memory__max="max", memory__current=9 * MIB, cpu__max="max 100000")
    group("slurm/job", memory__max=256 * MIB, memory__current=100 * MIB, cpu__max="150000 100000")
    group("slurm", memory__max=999 * MIB, memory__current=120 * MIB, cpu__max="800000 100000")
    assert cgroups.granted_memory() == 156 * MIB
    assert cgroups.granted_cores() == 1.5


def test_a_throttle_is_a_limit_and_the_file_cache_is_free(group):
    group.proc("0::/scope\n")
    stat = f"anon {10 * MIB}\ninactive_file {60 * MIB}\nactive_file {20 * MIB}\nshmem 5"
    group("scope", memory__max=900 * MIB, memory__high=200 * MIB, memory__current=100 * MIB)
    group("scope", memory__stat=stat)
    assert cgroups.granted_memory() == 180 * MIB


def test_more_than_the_limit_in_use_leaves_nothing(group):
    group.proc("0::/\n")
    group("", memory__max=10 * MIB, memory__current=12 * MIB)
    assert cgroups.granted_memory() == 0


def test_version_1_is_read(group):
    group.proc("4:memory,hugetlb:/user/me\n1:cpu:/\n0::/\n", "cgroup", "rw,memory,hugetlb")
    group("user/me", memory__limit_in_bytes=UNLIMITED_V1, memory__usage_in_bytes=MIB)
    group("user", memory__limit_in_bytes=300 * MIB, memory__usage_in_bytes=100 * MIB)
    group("user", memory__stat=f"total_inactive_file {30 * MIB}\ntotal_active_file {20 * MIB}")
    assert cgroups.granted_memory() == 250 * MIB


def test_cores_of_version_1_are_read(group):
    group.proc("4:cpu,cpuacct:/a/b\n", "cgroup", "rw,cpuacct,cpu")
    group("a/b", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100_000)
    group("a", cpu__cfs_quota_us=200_000, cpu__cfs_period_us=100_000)
    assert cgroups.granted_cores() == 2


@pytest.mark.parametrize("root", ["/docker/7f", "/elsewhere"])
def test_a_container_that_sees_the_path_outside_finds_its_own_group(group, root):
    group.proc("0::/docker/7f\n", root=root)
    group("", memory__max=64 * MIB, memory__current=14 * MIB)
    assert cgroups.granted_memory() == 50 * MIB


@pytest.mark.parametrize("nonsense", ["", "\n\n", "0::", "memory", "0::/\n::\n0:cpu", "\udcff:x:y"])
def test_nonsense_is_no_limit(group, nonsense):
    group.proc("")
    (cgroups.PROC / "cgroup").write_bytes(nonsense.encode(errors="surrogateescape"))
    group("", memory__max="lots", memory__current="", cpu__max="1 0")
    assert cgroups.granted_memory() is None
    assert cgroups.granted_cores() is None


def test_a_real_group_is_respected():
    """In a group of this test's own, where the system lets it make one."""
    parents = [folder for _, folder in cgroups._groups("memory")]
    for parent in parents:
        folder = parent / f"test-{os.getpid()}"
        limit = folder / (
            "memory.max" if (parent / "cgroup.controllers").exists() else "memory.limit_in_bytes"
        )
        with suppress(OSError):
            folder.mkdir()
            try:
                limit.write_text(str(256 * MIB))
                check_stage_in_group(folder)
                return
            finally:
                folder.rmdir()
    pytest.skip("no group can be made here")


def check_stage_in_group(folder: Path) -> None:
    code = (
        "from worldmodels.pipeline.memory_limit import free_memory\n"
        "from worldmodels.parallel.workers import default_workers\n"
        "print(free_memory(), default_workers())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: (folder / "cgroup.procs").write_text(str(os.getpid())),
    )
    free, workers = map(int, result.stdout.split())
    assert 128 * MIB < free <= 256 * MIB
    assert workers == 1
