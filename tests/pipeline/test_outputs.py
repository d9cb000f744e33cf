"""Outputs of a stage appear together and complete, or not at all."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from worldmodels.pipeline.errors import UserError
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


@pytest.mark.parametrize("path", [Path(), Path("/")])
def test_an_output_without_a_name_is_refused(path):
    with pytest.raises(UserError, match=r"cannot be written: Is a directory$"):
        write_whole(path)


def test_a_temporary_name_with_a_number_of_no_process_is_removed(tmp_path):
    (tmp_path / f".v.npz.{10**30}.tmp").write_bytes(b"half")
    write_whole(tmp_path / "v.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["v.npz"]


def test_a_disk_that_refuses_to_remove_names_the_output_all_the_same(tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match=r"/v\.npz: cannot be written: Read-only file system$"):
        write_whole(tmp_path / "v.npz")
