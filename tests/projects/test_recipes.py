"""The recipes: small versions in memory, and the matrix over them through the real DVC."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks.learning import drive, learn
from benchmarks.planner import plan
from benchmarks.variants import variant
from stages.collect import collect
from stages.visualize import visualize
from tools.dvc_pipelines import of_study
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.seeding import RandomStreams

ROOT = Path(__file__).resolve().parents[2]
SMALL_UNSEEN = {
    "collect.episodes": 120,
    "train_m.epochs": 1,
    "evolve_c.generations": 35,
    "evolve_c.population": 16,
    "evolve_c.episodes": 4,
    "evolve_c.validation_episodes": 8,
    "evaluate.episodes": 30,
}
SMALL_PAPER = {
    "world.max_steps": 12,
    "collect.episodes": 8,
    "collect.held_out_episodes": 4,
    "train_v.width": 0.03,
    "train_v.epochs": 1,
    "train_m.hidden": 16,
    "train_m.epochs": 1,
    "evolve_c.generations": 2,
    "evolve_c.population": 4,
    "evolve_c.episodes": 2,
    "evolve_c.validation_episodes": 2,
    "evaluate.episodes": 3,
}


def test_a_small_budget_already_drives_on_unseen_roads():
    params = variant(ROOT / "recipes" / "unseen.yaml", SMALL_UNSEEN, seed=0)
    metrics = drive(params, learn(params))[1].metrics
    assert metrics["controller"]["episodes"] == 30
    assert metrics["controller"]["mean_return"] > 105
    assert metrics["controller"]["std_return"] > 0.1  # the roads are not all the same
    assert metrics["random"]["mean_return"] < 10


def test_the_papers_modules_run_through():
    params = variant(ROOT / "recipes" / "paper.yaml", SMALL_PAPER, seed=0)
    learned = learn(params)
    assert (learned.vision.kind, learned.memory.kind) == ("conv_vae", "mdn_lstm")
    assert learned.controllers.features == 32 + 16
    drives, report = drive(params, learned)
    assert drives.observations.shape[1:] == (64, 64, 3)
    assert report.metrics["controller"]["episodes"] == 3
    rollouts, _ = collect(params.collect, params.env, RandomStreams(0, "collect"))
    columns = {name: np.linspace(0, 1, 4) for name in ("epoch", "train", "held_out", "baseline")}
    evolution = {
        name: np.array([row[name] for row in learned.reports["evolve_c"].curve])
        for name in learned.reports["evolve_c"].curve[0]
    }
    curves = {"train_v": columns, "train_m": columns, "evolve_c": evolution}
    pictures, _ = visualize(
        params.visualize,
        "random_weights",
        rollouts,
        learned.vision,
        drives,
        curves,
        RandomStreams(0, "visualize"),
    )
    assert pictures.frames[0].size == (920, 400)
    assert len(pictures.figures) == 6


def test_a_planner_with_the_full_state_finds_what_is_known_to_be_there(monkeypatch):
    monkeypatch.setattr("benchmarks.planner.BEAMS", 300)
    assert plan(Track(), 120) > 120  # a search of 25,000 beams had found 120.27


@pytest.fixture(scope="module")
def project(make_project):
    project = make_project("recipes/dvc.yaml", "carracing/dvc.yaml")  # all that goes together
    params = msgspec.yaml.decode((ROOT / "recipes" / "quick" / "params.yaml").read_bytes())
    params["world"]["tracks"] = "random"
    project.write("recipes/unseen.yaml", msgspec.yaml.encode(params).decode())
    return project


def test_a_recipe_runs_in_folders_of_its_own_beside_the_others(project):
    ran = project.repro("recipes/dvc.yaml:visualize@unseen")
    stages = ("collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize")
    assert ran == [f"recipes/dvc.yaml:{stage}@unseen" for stage in stages]
    metrics = json.loads(project.read("recipes/unseen/reports/metrics/evaluate.json"))
    assert metrics["controller"]["std_return"] > 0
    assert not (project.folder / "data" / "rollouts.h5").exists()
    assert project.repro("recipes/dvc.yaml:visualize@unseen") == []
    shown = project.run("dvc", "metrics", "show", "recipes/unseen/reports/metrics", "-R").stdout
    assert "recipes/unseen/reports/metrics/evaluate.json" in shown
    project.replace("recipes/unseen.yaml", "generations: 8", "generations: 4")
    assert project.repro("recipes/dvc.yaml:visualize@unseen")[0].endswith("evolve_c@unseen")


def test_another_number_of_workers_reruns_nothing(project):
    project.repro("recipes/dvc.yaml:visualize@unseen")
    project.replace("recipes/unseen.yaml", "workers: 0", "workers: 1")
    assert project.repro("recipes/dvc.yaml:visualize@unseen") == []


@pytest.mark.slow
def test_the_study_reruns_what_a_temperature_changes_and_shows_all(make_project):
    project = make_project()
    params = msgspec.yaml.decode((ROOT / "recipes" / "quick" / "params.yaml").read_bytes())
    params["train_m"]["predict_reward_done"] = True
    params["evolve_c"] |= {"world": "dream", "generations": 2}
    project.write("recipes/temperature.yaml", msgspec.yaml.encode(params).decode())
    (project.folder / "recipes" / "dream" / "study").mkdir(parents=True)
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    project.write("recipes/dream/dvc.yaml", of_study(pipeline, [3], [0.5, 2.0]))
    cells = [f"{stage}@3-{tau}" for tau in (0.5, 2.0) for stage in ("evolve_c", "evaluate")]
    before = [f"{stage}@3" for stage in ("collect", "train_v", "encode", "train_m")]
    ran = [stage.split(":")[1] for stage in project.repro("recipes/dream/dvc.yaml")]
    assert sorted(ran) == sorted([*before, *cells, "temperature", "cheating"])
    table = project.read("recipes/dream/reports/curves/temperature.csv").decode().splitlines()
    assert [line.split(",")[0] for line in table[1:]] == ["0.5", "2"]
    assert project.read("recipes/dream/cheating/reports/dream.gif").startswith(b"GIF")
    project.write("recipes/dream/dvc.yaml", of_study(pipeline, [3], [0.5, 4.0]))
    ran = [stage.split(":")[1] for stage in project.repro("recipes/dream/dvc.yaml")]
    assert sorted(ran) == ["evaluate@3-4.0", "evolve_c@3-4.0", "temperature"]
