"""The recipes: small versions in memory, and as projects of their own through the real DVC."""

import shutil

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn, run_evaluate
from benchmarks.planner import plan
from benchmarks.variants import variant
from stages.collect import collect
from stages.visualize import visualize
from tests.support.project import ROOT, Project
from tools.dvc_pipelines import temperature_pipeline
from worldmodels.envs.racing.track import Track
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.seeding import RandomStreams

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
    "env.max_steps": 12,
    "collect.episodes": 8,
    "collect.held_out_episodes": 4,
    "train_v.width_multiplier": 0.03,
    "train_v.epochs": 1,
    "train_m.hidden": 16,
    "train_m.epochs": 1,
    "evolve_c.generations": 2,
    "evolve_c.population": 4,
    "evolve_c.episodes": 2,
    "evolve_c.validation_episodes": 2,
    "evaluate.episodes": 3,
}


def test_a_small_budget_is_enough_for_unseen_tracks():
    params = variant(ROOT / "recipes" / "unseen" / "params.yaml", SMALL_UNSEEN, seed=0)
    details = run_evaluate(params, learn(params))[1].details
    assert details["controller"]["episodes"] == 30
    assert details["controller"]["mean_return"] > 105
    assert details["controller"]["std_return"] > 0.1  # the tracks are not all the same
    assert details["baseline"]["mean_return"] < 10


def test_the_papers_modules_run_through():
    params = variant(ROOT / "recipes" / "paper" / "params.yaml", SMALL_PAPER, seed=0)
    learned = learn(params)
    assert (learned.vision.kind, learned.memory.kind) == ("conv_vae", "mdn_lstm")
    assert learned.controllers.features == 32 + 16
    evaluation, result = run_evaluate(params, learned)
    assert evaluation.observations.shape[1:] == (64, 64, 3)
    assert result.details["controller"]["episodes"] == 3
    task = make_task(params.env)
    rollouts, _ = collect(params.collect, task, RandomStreams(0, "collect"))
    columns = {name: np.linspace(0, 1, 4) for name in ("epoch", "train", "held_out", "baseline")}
    evolution = {
        name: np.array([row[name] for row in learned.results["evolve_c"].curve])
        for name in learned.results["evolve_c"].curve[0]
    }
    curves = {"train_v": columns, "train_m": columns, "evolve_c": evolution}
    pictures, _ = visualize(
        params.visualize,
        "random_weights",
        rollouts,
        learned.vision,
        learned.memory.members[0],
        evaluation,
        curves,
        RandomStreams(0, "visualize"),
    )
    assert pictures.frames[0].size == (920, 400)
    assert len(pictures.figures) == 6


def test_a_planner_with_the_full_state_finds_what_is_known_to_be_there(monkeypatch):
    monkeypatch.setattr("benchmarks.planner.BEAM_WIDTH", 300)
    assert plan(Track(), 120) > 120  # a search of 25,000 beams had found 120.27


@pytest.fixture(scope="module")
def projects(make_run_project):
    """A repository with all its DVC projects, of which `unseen` has the root's recipe."""
    root = make_run_project()
    root.write("recipes/unseen/params.yaml", root.read("params.yaml").decode())
    return root


def test_a_recipe_is_a_project_of_its_own_that_shares_the_cache(projects):
    unseen = Project(projects.folder / "recipes" / "unseen")
    assert unseen.repro() == []  # the root has run all of it
    assert unseen.read("models/c.npz") == projects.read("models/c.npz")
    unseen.replace("params.yaml", "reconstructions: 8", "reconstructions: 4")
    assert unseen.repro() == ["visualize"]
    assert projects.repro() == []
    unseen.replace("params.yaml", "workers: 0", "workers: 1")  # who works changes no result
    assert unseen.repro() == []


def test_the_root_knows_nothing_of_a_recipe(projects):
    shown = projects.run("dvc", "status").stdout + projects.run("dvc", "metrics", "show").stdout
    assert "recipes" not in shown


@pytest.mark.slow
def test_the_study_reruns_what_a_temperature_changes_and_draws(make_project):
    root = make_project(subprojects=True)
    project = Project(root.folder / "studies" / "temperature")
    params = msgspec.yaml.decode((ROOT / "recipes" / "quick" / "params.yaml").read_bytes())
    params["train_m"]["predict_reward_done"] = True
    params["evolve_c"] |= {"train_in": "dream", "generations": 2}
    project.write("params.yaml", msgspec.yaml.encode(params).decode())
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    project.write("dvc.yaml", temperature_pipeline(pipeline, [3], [0.5, 2.0]))
    cells = [f"{stage}@3-{tau}" for tau in (0.5, 2.0) for stage in ("evolve_c", "evaluate")]
    before = [f"{stage}@3" for stage in ("collect", "train_v", "encode", "train_m")]
    drawn = ["temperature_study", "visualize_temperature"]
    assert sorted(project.repro()) == sorted([*before, *cells, *drawn, "compare_dream"])
    table = project.read("reports/curves/temperature_study.csv").decode().splitlines()
    assert [line.split(",")[0] for line in table[1:]] == ["0.5", "2"]
    assert project.read("reports/dream.gif").startswith(b"GIF")
    project.write("dvc.yaml", temperature_pipeline(pipeline, [3], [0.5, 4.0]))
    assert sorted(project.repro()) == ["evaluate@3-4.0", "evolve_c@3-4.0", *drawn]
    shutil.rmtree(project.folder / "cells")  # as in a clone, where nothing was trained
    project.replace("reports/curves/temperature_study.csv", "\n4,", "\n5,")
    assert project.repro("-s", "visualize_temperature") == ["visualize_temperature"]
