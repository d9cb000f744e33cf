"""What the system refuses is said as it is, and not told as damage of the file.

A library that is preloaded makes the system's calls fail as network file systems, full or failing
disks and limits of open files do.
"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from tests.support.failing_io import compile_library, failing, needs_compiler
from tests.support.project import ROOT
from tests.support.valid_files import QUICK
from worldmodels.pipeline.file_errors import file_error
from worldmodels.pipeline.storage.artifacts import Rollouts

NO_LOCKS = [errno.ENOLCK, errno.EIO, errno.EAGAIN, errno.EROFS, errno.ENOSYS, errno.EACCES]
INPUTS = {"train_v": ["rollouts.h5"], "train_m": ["latents.h5"], "encode": ["rollouts.h5", "v.npz"]}
OUTPUTS = {"train_v": "v.npz", "train_m": "m.npz", "encode": "latents.h5"}

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def run(valid, library, tmp_path):
    """Runs a stage whose calls on one of its files fail."""

    def run_stage(stage, name, **calls):
        inputs = [valid / file for file in INPUTS[stage]]
        output = tmp_path / OUTPUTS[stage]
        options = ["--params", QUICK, "--reports", tmp_path / "reports"]
        return subprocess.run(
            [sys.executable, "-m", f"stages.{stage}", *inputs, output, *options],
            cwd=tmp_path,  # where the checkpoint stays of what was trained and not written
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **failing(library, name, **calls)},
        )

    return run_stage


@pytest.mark.parametrize("number", NO_LOCKS, ids=errno.errorcode.get)
def test_files_are_read_where_there_are_no_locks(run, number):
    result = run("encode", ".h5", flock=number)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("stage", "name", "call", "number"),
    [
        ("train_v", "rollouts.h5", "open", errno.EMFILE),
        ("train_v", "rollouts.h5", "read", errno.EACCES),
        ("train_v", "rollouts.h5", "pread64", errno.ESTALE),
        ("encode", "v.npz", "open", errno.ENFILE),
        ("encode", "v.npz", "read", errno.EIO),
        ("train_m", "recipes/quick/params.yaml", "read", errno.ETIMEDOUT),
    ],
)
def test_a_file_that_cannot_be_read_is_not_called_damaged(run, stage, name, call, number):
    result = run(stage, name, **{call: number})
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{stage}: "), line
    assert name in line, line
    assert os.strerror(number) in line, line
    assert "damage" not in line, line
    assert "dvc repro" not in line, line


@pytest.mark.parametrize(
    ("call", "number"), [("open", errno.EROFS), ("write", errno.ENOSPC), ("fsync", errno.EDQUOT)]
)
@pytest.mark.parametrize("stage", OUTPUTS)
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(
    run, tmp_path, stage, call, number
):
    output = tmp_path / OUTPUTS[stage]
    output.write_text("old")
    result = run(stage, f".{output.name}.", **{call: number})
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line == f"{stage}: {output}: cannot be written: {os.strerror(number)}"
    assert output.read_text() == "old"
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_report_that_cannot_be_written_is_named(run, tmp_path):
    result = run("train_v", ".train_v.csv.", write=errno.ENOSPC)
    path = tmp_path / "reports" / "curves" / "train_v.csv"
    assert result.stderr == f"train_v: {path}: cannot be written: No space left on device\n"
    assert not (tmp_path / "v.npz").exists()


def test_a_file_that_is_open_with_a_lock_can_be_read_in_the_same_process(valid):
    with h5py.File(valid / "rollouts.h5") as file:
        assert len(Rollouts.read(valid / "rollouts.h5").lengths) == len(file["lengths"])


@pytest.mark.parametrize(
    ("project", "path", "stage"),
    [
        (".", "models/c.npz", "evolve_c"),
        ("carracing", "models/c.npz", "finetune_c"),
        ("doom", "rounds/0/models/v.npz", "train_v0"),
        ("doom", "rounds/1/data/rollouts.h5", "collect@1"),
        ("doom", "elsewhere/v.npz", "train_v"),  # no output of the project
        ("tests", "models/v.npz", "train_v"),  # no project
    ],
)
def test_the_stage_is_named_that_makes_the_file_in_the_project(monkeypatch, project, path, stage):
    monkeypatch.chdir(ROOT / project)
    default = {"c": "evolve_c", "v": "train_v", "rollouts": "collect"}[Path(path).stem]
    error = str(file_error(Path(path), "no such file", default))
    assert f"; stage {stage} makes it: run 'dvc repro {stage}'" in error


def test_a_lock_that_is_torn_names_no_stage(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for text in ("", "stages:\n  a:\n", "stages: [", "stages:\n  a: {outs: [{}]}"):
        Path("dvc.lock").write_text(text, encoding="utf-8")
        assert "; stage train_v makes it" in str(file_error(Path("v.npz"), "x", "train_v"))


def test_a_folder_in_place_of_a_file_is_said(tmp_path):
    (tmp_path / "v.npz").mkdir()
    files = [tmp_path / "v.npz", tmp_path / "v.npz", tmp_path / "l.h5"]
    result = subprocess.run(
        [sys.executable, "-m", "stages.encode", *files, "--params", QUICK],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr == f"encode: {tmp_path / 'v.npz'}: cannot be read: Is a directory\n"


def test_a_full_disk_under_standard_output_is_said_and_no_output_is_left(valid, tmp_path):
    files = [valid / "rollouts.h5", valid / "v.npz", tmp_path / "l.h5"]
    options = ["--params", QUICK, "--reports", tmp_path]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "stages.encode", *files, *options],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert result.stderr.startswith(
        "encode: standard output: cannot be written: No space left on device\n"
    )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
