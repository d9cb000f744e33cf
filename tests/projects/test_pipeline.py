"""The pipeline through the real DVC, in copies of the working tree."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.support.project import STAGES, Project

WITHOUT_PAGE = ("evaluate", "visualize")  # the page does not depend on them


def section(name: str, old: str, new: str, marks=()):
    return pytest.param(name, old, new, marks=marks, id=f"{name}-{old.split(':')[0]}")


@contextmanager
def edited(project: Project, files: Sequence[str]) -> Iterator[None]:
    """Another line at the end of files in `worldmodels`, for a while."""
    before = {f"worldmodels/{file}": project.read(f"worldmodels/{file}") for file in files}
    for path, content in before.items():
        project.write(path, content.decode() + "\n# edited\n")
    try:
        yield
    finally:
        for path, content in before.items():
            project.write(path, content.decode())


def test_a_second_run_does_nothing_and_says_so(project):
    result = project.run("dvc", "repro")
    assert "Data and pipelines are up to date." in result.stdout
    assert "Running" not in result.stdout


@pytest.mark.parametrize(
    ("files", "stages"),
    [
        (["figures/racing/track_layout.py"], ["visualize"]),
        (["evolution/rank_mu.py"], ["evolve_c"]),
        (["memory/deterministic_lstm.py"], STAGES[3:]),
        (["training/trainer.py"], ["train_v", "train_m"]),
        (["parallel/dask_cluster.py", "envs/carracing/env.py", "finetune/critic.py"], []),
        (["../stages/evaluate.py"], ["evaluate"]),
        (["figures/page/panels.js"], ["play"]),  # a drawing detail of the page
    ],
)
def test_an_edited_file_reruns_the_stages_that_import_from_its_room(project, files, stages):
    with edited(project, files):
        assert project.repro("--dry") == stages


@pytest.mark.parametrize(
    ("stage", "old", "new"),
    [
        section("collect", "held_out_episodes: 4", "held_out_episodes: 5", pytest.mark.slow),
        section("collect", "half_width: 1.4", "half_width: 1.3", pytest.mark.slow),  # of env
        section("train_v", "z_size: 16", "z_size: 12", pytest.mark.slow),
        section("train_m", "sequence_length: 30", "sequence_length: 20", pytest.mark.slow),
        section("evolve_c", "population: 12", "population: 14", pytest.mark.slow),
        section("evaluate", "evaluate:\n  episodes: 4", "evaluate:\n  episodes: 3"),
        section("collect", "seed: 0", "seed: 1", pytest.mark.slow),
    ],
)
def test_an_edited_parameter_reruns_its_stage_and_those_after_it(project, stage, old, new):
    project.replace("params.yaml", old, new)
    try:
        after = STAGES[STAGES.index(stage) :]
        assert project.repro() == (after[:-1] if stage in WITHOUT_PAGE else after)
    finally:
        project.replace("params.yaml", new, old)  # the next run takes it from DVC's run cache


@pytest.mark.slow
def test_encoding_in_other_batches_reruns_encode_and_what_its_bytes_change(project):
    project.replace("params.yaml", "batch_size: 1024", "batch_size: 50")
    try:
        ran = project.repro()
        assert ran[0] == "encode"
        assert ran in (["encode"], STAGES[2:])  # DVC looks at what came out, not at what was run
    finally:
        project.replace("params.yaml", "batch_size: 50", "batch_size: 1024")


def test_after_stages_whose_output_stays_the_same_nothing_reruns(project):
    with edited(project, ["training/trainer.py"]):
        assert project.repro() == ["train_v", "train_m"]


def test_what_is_edited_back_comes_back_from_the_run_cache(project):
    assert project.repro() == []
    assert project.run("dvc", "status").stdout == "Data and pipelines are up to date.\n"


@pytest.mark.slow
def test_two_copies_come_to_the_same_bytes(project, make_project):
    other = make_project()
    assert other.repro() == STAGES
    assert project.repro() == []  # what the tests before have edited comes back from the run cache
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


@pytest.mark.slow
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
