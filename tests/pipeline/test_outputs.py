"""Outputs of a stage appear together and complete, or not at all."""

import os
import subprocess

import pytest

from worldmodels.pipeline.outputs import AtomicOutputs


def test_outputs_get_their_names_together_or_not_at_all(tmp_path):
    old, new = tmp_path / "old", tmp_path / "folder" / "new"
    old.write_text("before")

    def attempt(*, fail: bool) -> None:
        with AtomicOutputs() as outputs:
            for path in (old, new):
                with outputs.writing(path) as temporary:
                    temporary.write_text("after")
            assert old.read_text() == "before"
            if fail:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        attempt(fail=True)
    assert old.read_text() == "before"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "old"]
    attempt(fail=False)
    assert (old.read_text(), new.read_text()) == ("after", "after")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "new", "old"]


def write_whole(path) -> None:
    with AtomicOutputs() as outputs, outputs.writing(path) as temporary:
        temporary.write_bytes(b"whole")


def test_temporary_files_of_a_killed_run_are_removed_and_those_of_a_running_one_stay(tmp_path):
    with subprocess.Popen(["true"]) as ended:
        pass
    with subprocess.Popen(["true"]) as zombie:  # it has ended, and its parent has not waited for it
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        (tmp_path / f".v.npz.{zombie.pid}.tmp").write_bytes(b"half")
        write_whole(tmp_path / "v.npz")
        assert not list(tmp_path.glob(".*.tmp"))
    stale = tmp_path / f".v.npz.{ended.pid}.tmp"
    others = [tmp_path / f".v.npz.{os.getppid()}.tmp", tmp_path / f".m.npz.{ended.pid}.tmp"]
    for path in (stale, *others):
        path.write_bytes(b"half")
    write_whole(tmp_path / "v.npz")
    assert not stale.exists()
    assert all(path.exists() for path in others)
    assert (tmp_path / "v.npz").read_bytes() == b"whole"
