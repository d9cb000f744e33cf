"""The pipeline through the real DVC, in copies of the working tree."""

import csv
import json
import shlex
import sys

import numpy as np
import pytest

ORDER = ["collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize", "play"]
WITHOUT_PAGE = ("evaluate", "visualize")  # the page does not depend on them


@pytest.fixture(scope="module")
def project(make_project):
    project = make_project()
    assert project.repro() == ORDER
    return project


def section(name: str, old: str, new: str, marks=()):
    return pytest.param(name, old, new, marks=marks, id=f"{name}-{old.split(':')[0]}")


def test_a_second_run_does_nothing_and_says_so(project):
    result = project.run("dvc", "repro")
    assert "Data and pipelines are up to date." in result.stdout
    assert "Running" not in result.stdout


@pytest.mark.parametrize(
    ("stage", "old", "new"),
    [
        section("collect", "held_out_episodes: 4", "held_out_episodes: 5"),
        section("collect", "half_width: 1.4", "half_width: 1.3", pytest.mark.slow),  # of env
        section("train_v", "z_size: 16", "z_size: 12", pytest.mark.slow),
        section("train_m", "sequence_length: 30", "sequence_length: 20", pytest.mark.slow),
        section("evolve_c", "population: 12", "population: 14"),
        section("evaluate", "evaluate:\n  episodes: 4", "evaluate:\n  episodes: 3"),
        section("visualize", "reconstructions: 8", "reconstructions: 4"),
        section("collect", "seed: 0", "seed: 1", pytest.mark.slow),
    ],
)
def test_an_edited_parameter_reruns_its_stage_and_those_after_it(project, stage, old, new):
    project.replace("params.yaml", old, new)
    try:
        after = ORDER[ORDER.index(stage) :]
        assert project.repro() == (after[:-1] if stage in WITHOUT_PAGE else after)
    finally:
        project.replace("params.yaml", new, old)
        assert project.repro() == []  # all of it comes back from DVC's run cache


def test_encoding_in_other_batches_reruns_encode_and_what_its_bytes_change(project):
    project.replace("params.yaml", "batch_size: 1024", "batch_size: 50")
    try:
        ran = project.repro()
        assert ran[0] == "encode"
        assert ran in (["encode"], ORDER[2:])  # DVC looks at what came out, not at what was run
    finally:
        project.replace("params.yaml", "batch_size: 50", "batch_size: 1024")
        project.repro()


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("worldmodels/figures/racing/track_layout.py", ["visualize"]),
        ("worldmodels/evolution/rank_mu.py", ["evolve_c"]),
        ("worldmodels/memory/deterministic_lstm.py", ["train_m", "evolve_c", "evaluate", "play"]),
        ("worldmodels/training/trainer.py", ["train_v", "train_m"]),
        ("worldmodels/parallel/dask_cluster.py", []),
        ("worldmodels/envs/carracing/env.py", []),
        ("worldmodels/finetune/critic.py", []),
        ("stages/evaluate.py", ["evaluate"]),
    ],
)
def test_an_edited_file_reruns_the_stages_that_import_from_its_room(project, file, stages):
    before = project.read(file).decode()
    project.write(file, before + "\n# edited\n")
    try:
        assert project.repro() == stages  # and what comes after, had their output changed
    finally:
        project.write(file, before)
        project.repro()


def test_an_edited_drawing_detail_of_the_page_reruns_it_alone(project):
    looks = "worldmodels/figures/page/panels.js"
    project.replace(looks, "const LEFT_OF_CELLS = 18;", "const LEFT_OF_CELLS = 20;")
    try:
        assert project.repro() == ["play"]
    finally:
        project.replace(looks, "const LEFT_OF_CELLS = 20;", "const LEFT_OF_CELLS = 18;")
        assert project.repro() == []


@pytest.mark.slow
def test_two_copies_come_to_the_same_bytes(project, make_project):
    other = make_project()
    assert other.repro() == ORDER
    assert other.read("dvc.lock") == project.read("dvc.lock")
    for name in ("reports/drive.gif", "models/c.npz", "data/evaluation.h5", "reports/play.html"):
        assert other.read(name) == project.read(name)


def test_metrics_and_curves_hold_what_they_promise(project):
    metrics = json.loads(project.read("reports/metrics/evaluate.json"))
    names = ("mean_return", "stderr", "worst_return", "off_track", "baseline_return")
    assert tuple(metrics) == names
    details = json.loads(project.read("reports/details/evaluate.json"))
    assert set(details) == {"baseline", "controller"}
    assert details["controller"]["episodes"] == 4
    evolution = json.loads(project.read("reports/metrics/evolve_c.json"))
    chosen = json.loads(project.read("reports/details/evolve_c.json"))
    assert chosen["chosen"] in ("best", "mean")
    assert 1 <= chosen["chosen_generation"] <= 8
    rows = list(csv.DictReader(project.read("reports/curves/evolve_c.csv").decode().splitlines()))
    assert [row["generation"] for row in rows] == [str(number) for number in range(1, 9)]
    assert float(rows[-1]["incumbent"]) == pytest.approx(evolution["validation_return"], abs=1e-4)


def test_dvc_shows_params_metrics_and_plots(project):
    project.commit("run")
    project.replace("params.yaml", "generations: 8", "generations: 6")
    try:
        project.repro()
        assert "evolve_c.generations" in project.run("dvc", "params", "diff").stdout
        assert "validation_return" in project.run("dvc", "metrics", "diff", "--all").stdout
        assert "mean_return" in project.run("dvc", "metrics", "show").stdout
        assert "evolve_c" in project.run("dvc", "dag").stdout
        project.run("dvc", "plots", "diff")
        page = project.read("dvc_plots/index.html").decode()
        assert "C: returns by generation" in page
        assert "policy_trajectory.png" in page
    finally:
        project.replace("params.yaml", "generations: 6", "generations: 8")
        project.repro()


def test_experiments_run_and_are_shown(project):
    project.commit("before the experiment")
    project.run("dvc", "exp", "run", "-n", "slow", "-S", "train_m.learning_rate=1e-5", "--temp")
    shown = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    experiments = [exp for revision in shown for exp in revision.get("experiments") or []]
    ((revision,),) = [exp["revs"] for exp in experiments]
    params = revision["data"]["params"]["params.yaml"]["data"]
    assert revision["name"] == "slow"
    assert float(params["train_m"]["learning_rate"]) == 1e-5
    assert revision["data"]["metrics"]["reports/metrics/train_m.json"]["data"]["held_out_loss"] > 0


@pytest.mark.parametrize(
    ("stage", "arguments", "output", "old", "new", "words"),
    [
        ("evolve_c", ["data/latents.h5", "models/v.npz", "models/m.npz"], "models/c.npz",
         "population: 12", "population: 1", "evolve_c.population: expected int >= 2; found 1"),
        ("collect", [], "data/rollouts.h5",
         "radius: 8.0", "radius: 11.5",
         "params.yaml: env.fixed_track.radius, env.fixed_track.harmonics, env.fixed_track.half_width: "),
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
        "models/m.npz: it should hold autoencoder or vae or conv_vae, and says it holds lstm"
        in swapped.stderr
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
    assert "M was made for z of 16 dimensions, but V's has 5" in result.stderr


def test_an_m_that_predicts_no_rewards_is_refused_for_dreams(project, tmp_path):
    project.replace("params.yaml", "predict_reward_done: false", "predict_reward_done: true")
    project.replace("params.yaml", "train_in: env", "train_in: dream")
    try:
        models = ("models/v.npz", "models/m.npz")
        result = project.stage("evolve_c", "data/latents.h5", *models, str(tmp_path / "c.npz"))
    finally:
        project.replace("params.yaml", "train_in: dream", "train_in: env")
        project.replace("params.yaml", "predict_reward_done: true", "predict_reward_done: false")
    assert result.returncode == 1
    assert "models/m.npz: this M predicts no rewards and episode ends" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("stage", "files"),
    [
        ("collect", ["data/rollouts.h5"]),
        ("train_v", ["data/rollouts.h5", "models/v.npz"]),
        ("encode", ["data/rollouts.h5", "models/v.npz", "data/latents.h5"]),
        ("visualize", ["data/rollouts.h5", "models/v.npz", "data/evaluation.h5"]),
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
