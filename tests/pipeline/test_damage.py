"""Damaged files are read without loss, or refused in one line that names file and stage."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from tests.support.damage import verdicts
from tests.support.limits import limit_memory
from tests.support.project import ROOT
from tests.support.valid_files import CURVE, MODELS, QUICK, TABLES, stage_of
from worldmodels.pipeline.storage import hdf5

MEMORY = 3 << 28  # bytes that a stage may allocate


@pytest.fixture(scope="module")
def all_verdicts(valid, tmp_path_factory):
    return list(verdicts(valid, tmp_path_factory.mktemp("damaged")))


def test_more_than_a_thousand_damaged_files_of_every_kind_are_tried(all_verdicts):
    assert len(all_verdicts) > 1000
    assert {damaged.name for damaged, _ in all_verdicts} == {*TABLES, *MODELS, CURVE, "params.yaml"}


def test_a_damaged_file_is_refused_in_one_line_or_read_without_loss(all_verdicts):
    for damaged, verdict in all_verdicts:
        if verdict == "the same":
            assert damaged.damage == "a bit flipped", damaged
        elif verdict == "other":  # text has no checksum
            assert damaged.name in (CURVE, "params.yaml"), damaged
            assert damaged.damage in ("a bit flipped", "truncated"), damaged
        else:
            assert verdict.startswith(f"{damaged.path}: "), verdict
            assert len(verdict.splitlines()) == 1, verdict
            if stage := stage_of(damaged.name):
                assert f"; stage {stage} makes it: run 'dvc repro {stage}'" in verdict


def test_an_array_that_is_compressed_too_much_is_not_read(tmp_path):
    zeros = np.zeros(1 << 22)
    with hdf5.Writer(tmp_path / "x.h5", "x") as writer:
        for _ in range(3):
            writer.append({"x": zeros})
    _, datasets = hdf5.open_arrays(tmp_path / "x.h5")
    with pytest.raises(ValueError, match=r"'x' claims 100,663,296 bytes, and has [\d,]+$"):
        hdf5.read_all(datasets["x"])


def run(stage, *files, settings=()):
    """Run a stage that may allocate MEMORY bytes."""
    options = ["--params", QUICK, "--reports", files[-1].parent]
    options += [f"--set={setting}" for setting in settings]
    return subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", *files, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={"OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: limit_memory(MEMORY),
    )


@pytest.mark.parametrize(
    ("stage", "inputs", "damaged", "damage"),
    [
        ("train_v", ["rollouts.h5"], "rollouts.h5", "claims 10 GB"),
        ("train_m", ["latents.h5"], "latents.h5", "reaches out of the file"),
        ("encode", ["rollouts.h5", "v.npz"], "v.npz", "claims 10 GB"),
        ("evaluate", ["v.npz", "m.npz", "c.npz"], "m.npz", "a pickle"),
        (
            *("visualize", ["rollouts.h5", "v.npz", "m.npz", "evaluation.h5"]),
            *("evaluation.h5", "NaN, infinity"),
        ),
    ],
)
def test_a_stage_with_a_damaged_input_ends_with_one_line_and_little_memory(
    valid, all_verdicts, tmp_path, stage, inputs, damaged, damage
):
    bad = next(d.path for d, _ in all_verdicts if (d.name, d.damage) == (damaged, damage))
    files = [bad if name == damaged else valid / name for name in inputs]
    outputs = [] if stage == "visualize" else [tmp_path / "output"]
    result = run(stage, *files, *outputs)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{stage}: {bad}: ")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("stage", "models"), [("train_v", []), ("encode", ["v.npz"])])
def test_frames_that_are_found_damaged_while_reading_leave_no_output(
    valid, tmp_path, stage, models
):
    content = bytearray((valid / "rollouts.h5").read_bytes())
    with h5py.File(valid / "rollouts.h5", locking=False) as file:
        chunk = file["observations"].id.get_chunk_info(0)
    content[chunk.byte_offset + chunk.size // 2] ^= 1
    bad = tmp_path / "rollouts.h5"
    bad.write_bytes(content)
    result = run(stage, bad, *(valid / name for name in models), tmp_path / "output")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{stage}: {bad}: damaged or of another kind ('observations': ")
    assert "; stage collect makes it: " in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [bad]


def test_a_stage_with_valid_inputs_needs_no_more_memory(valid, tmp_path):
    result = run("encode", valid / "rollouts.h5", valid / "v.npz", tmp_path / "latents.h5")
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "latents.h5", locking=False) as file:
        assert list(file.attrs) == ["kind"]


def test_params_that_need_too_much_memory_are_named(valid, tmp_path):
    settings = ("train_v.hidden=4096", "train_v.z_size=4096")
    result = run("train_v", valid / "rollouts.h5", tmp_path / "v.npz", settings=settings)
    assert result.returncode == 1
    words = f"train_v: {QUICK}: train_v.z_size 4096, train_v.hidden 4096, env.max_steps 120: too "
    assert result.stderr.startswith(words)
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
