"""What a stage says of bad params, missing and foreign files, and a full disk."""

import shlex
import sys

import numpy as np
import pytest

PREDICTS = "\n  predict_reward_done: {}"


@pytest.mark.parametrize(
    ("stage", "arguments", "output", "old", "new", "words"),
    [
        ("evolve_c", ["data/latents.h5", "models/v.npz", "models/m.npz"], "models/c.npz",
         "population: 12", "population: 1", "evolve_c.population: expected int >= 2; found 1"),
        ("collect", [], "data/rollouts.h5",
         "radius: 8.0", "radius: 11.5",
         "params.yaml: env.fixed_track.radius, env.fixed_track.harmonics, "),
        ("train_v", ["data/rollouts.h5"], "models/v.npz",
         "  hidden: 64", "  hiden: 64", "train_v.hiden: unknown key; did you mean 'hidden'?"),
    ],
)  # fmt: skip
def test_bad_params_end_in_one_line_and_leave_the_artifacts_as_they_were(
    project, stage, arguments, output, old, new, words
):
    before = project.read(output)
    project.replace("params.yaml", old, new)
    try:
        result = project.stage(stage, *arguments, output)
        assert result.returncode == 1
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert project.read(output) == before
        assert not list((project.folder / output).parent.glob(".*.tmp"))
    finally:
        project.replace("params.yaml", new, old)


def test_after_bad_params_dvc_brings_everything_back(project):
    before = project.read("models/c.npz")
    project.replace("params.yaml", "population: 12", "population: 1")
    failed = project.run("dvc", "repro", check=False)
    assert failed.returncode != 0
    assert "evolve_c.population: expected int >= 2; found 1" in failed.stderr
    project.replace("params.yaml", "population: 1\n", "population: 12\n")
    assert project.repro() == []
    assert project.read("models/c.npz") == before


def test_missing_and_foreign_artifacts_are_named_with_their_stage(project, tmp_path):
    missing = project.stage("train_m", "data/none.h5", str(tmp_path / "m.npz"))
    assert missing.returncode == 1
    assert "data/none.h5: no such file; stage encode makes it" in missing.stderr
    swapped = project.stage(
        "evolve_c", "data/latents.h5", "models/m.npz", "models/v.npz", str(tmp_path / "c.npz")
    )
    assert swapped.returncode == 1
    assert (
        "models/m.npz: it should hold autoencoder or vae or conv_vae or column_vae, and says it "
        "holds lstm" in swapped.stderr
    )
    np.savez(tmp_path / "v.npz", kind=np.array("autoencoder"), x=np.zeros(2))
    damaged = project.stage("encode", "data/rollouts.h5", str(tmp_path / "v.npz"), "data/l.h5")
    assert damaged.returncode == 1
    assert "not a whole autoencoder" in damaged.stderr
    assert "stage train_v makes it" in damaged.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["v.npz"]


def test_modules_of_different_sizes_are_told_apart(project, tmp_path):
    project.replace("params.yaml", "z_size: 16", "z_size: 5")
    try:
        project.stage(
            "train_v", "data/rollouts.h5", str(tmp_path / "v.npz"), "--reports", str(tmp_path)
        )
    finally:
        project.replace("params.yaml", "z_size: 5", "z_size: 16")
    result = project.stage(
        "evolve_c",
        "data/latents.h5",
        str(tmp_path / "v.npz"),
        "models/m.npz",
        str(tmp_path / "c.npz"),
    )
    assert result.returncode == 1
    assert "M was made for z of 16 numbers, but V's has 5" in result.stderr


def test_an_m_that_predicts_no_rewards_is_refused_for_dreams(project, tmp_path):
    project.replace(
        "params.yaml", "\n  predict_reward_done: false", "\n  predict_reward_done: true"
    )
    project.replace("params.yaml", "train_in: env", "train_in: dream")
    try:
        models = ("models/v.npz", "models/m.npz")
        result = project.stage("evolve_c", "data/latents.h5", *models, str(tmp_path / "c.npz"))
    finally:
        project.replace("params.yaml", "train_in: dream", "train_in: env")
        project.replace(
            "params.yaml", "\n  predict_reward_done: true", "\n  predict_reward_done: false"
        )
    assert result.returncode == 1
    assert "models/m.npz: this M predicts no rewards and episode ends" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("stage", "files"),
    [
        ("collect", ["data/rollouts.h5"]),
        ("train_v", ["data/rollouts.h5", "models/v.npz"]),
        ("encode", ["data/rollouts.h5", "models/v.npz", "data/latents.h5"]),
        ("visualize", ["data/rollouts.h5", "models/v.npz", "models/m.npz", "data/evaluation.h5"]),
    ],
)
def test_a_full_disk_is_said_in_a_line_and_loses_nothing(project, stage, files):
    before = {path: project.read(path) for path in files}
    command = [sys.executable, "-m", f"stages.{stage}", *files]
    full = f"ulimit -f 8; exec {shlex.join(command)}"  # no file longer than 8 KiB
    result = project.run("bash", "-c", full, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{stage}: ")
    assert len(result.stderr.splitlines()) == 1
    assert {path: project.read(path) for path in files} == before
    assert not list(project.folder.rglob("*.tmp"))
