"""Damaged files are read as they were, or refused in one line that names file and stage."""

import resource
import subprocess
import sys

import h5py
import numpy as np
import pytest

from tests.support.damage import verdicts
from tests.support.imports import ROOT
from tests.support.valid_files import CURVE, MODELS, QUICK, TABLES, make_sound_files, stage_of
from worldmodels.pipeline.storage import hdf5

MEMORY = 3 << 28  # bytes that a stage may ask for


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    make_sound_files(folder)
    return folder


@pytest.fixture(scope="module")
def judged(sound, tmp_path_factory):
    return list(verdicts(sound, tmp_path_factory.mktemp("damaged")))


def test_hundreds_of_damaged_files_of_every_kind_are_tried(judged):
    assert len(judged) > 1000
    assert {damaged.name for damaged, _ in judged} == {*TABLES, *MODELS, CURVE, "params.yaml"}


def test_a_damaged_file_is_refused_in_one_line_or_nothing_of_it_is_lost(judged):
    for damaged, verdict in judged:
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


def test_what_is_packed_too_tightly_is_not_unpacked(tmp_path):
    zeros = np.zeros(1 << 22)
    with hdf5.Writer(tmp_path / "x.h5", "x") as writer:
        for _ in range(3):
            writer.append({"x": zeros})
    _, datasets = hdf5.open_arrays(tmp_path / "x.h5")
    with pytest.raises(ValueError, match=r"'x' claims 100,663,296 bytes, and has [\d,]+$"):
        hdf5.whole(datasets["x"])


def run(stage, *files, settings=()):
    """A stage that may ask for no more than MEMORY bytes."""
    options = ["--params", QUICK, "--reports", files[-1].parent]
    options += [f"--set={setting}" for setting in settings]
    return subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", *files, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={"OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )


@pytest.mark.parametrize(
    ("stage", "inputs", "damaged", "damage"),
    [
        ("train_v", ["rollouts.h5"], "rollouts.h5", "claims 10 GB"),
        ("train_m", ["latents.h5"], "latents.h5", "reaches out of the file"),
        ("encode", ["rollouts.h5", "v.npz"], "v.npz", "claims 10 GB"),
        ("evaluate", ["v.npz", "m.npz", "c.npz"], "m.npz", "a pickle"),
        ("visualize", ["rollouts.h5", "v.npz", "drives.h5"], "drives.h5", "NaN, infinity"),
    ],
)
def test_stages_end_with_the_line_and_little_memory(
    sound, judged, tmp_path, stage, inputs, damaged, damage
):
    bad = next(d.path for d, _ in judged if (d.name, d.damage) == (damaged, damage))
    files = [bad if name == damaged else sound / name for name in inputs]
    outputs = [] if stage == "visualize" else [tmp_path / "output"]
    result = run(stage, *files, *outputs)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{stage}: {bad}: ")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("stage", "models"), [("train_v", []), ("encode", ["v.npz"])])
def test_pictures_that_turn_out_to_be_damaged_leave_no_output(sound, tmp_path, stage, models):
    content = bytearray((sound / "rollouts.h5").read_bytes())
    with h5py.File(sound / "rollouts.h5") as file:
        chunk = file["observations"].id.get_chunk_info(0)
    content[chunk.byte_offset + chunk.size // 2] ^= 1
    bad = tmp_path / "rollouts.h5"
    bad.write_bytes(content)
    result = run(stage, bad, *(sound / name for name in models), tmp_path / "output")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{stage}: {bad}: damaged or of another kind ('observations': ")
    assert "; stage collect makes it: " in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [bad]


def test_a_sound_stage_needs_no_more_than_that(sound, tmp_path):
    result = run("encode", sound / "rollouts.h5", sound / "v.npz", tmp_path / "latents.h5")
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "latents.h5") as file:
        assert list(file.attrs) == ["kind"]


def test_params_that_ask_for_more_memory_than_there_is_are_named(sound, tmp_path):
    settings = ("train_v.hidden=4096", "train_v.z_size=4096")
    result = run("train_v", sound / "rollouts.h5", tmp_path / "v.npz", settings=settings)
    assert result.returncode == 1
    words = f"train_v: {QUICK}: train_v.z_size 4096, train_v.hidden 4096, world.max_steps 120: too "
    assert result.stderr.startswith(words)
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
