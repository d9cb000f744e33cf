"""Doom's pipeline: what depends on what, and a few episodes through the real DVC and engines."""

import json

import pytest

from tests.support.doom import needs_vizdoom
from tests.support.project import ROOT
from tests.support.round_projects import ABLATED, doom_project, models
from tests.support.round_projects import STUDY as CELLS
from tools import doom_pipeline
from tools.doom_ablations import FEATURES, UNTRAINED
from tools.doom_pipeline import ROUND_STAGES
from tools.fast_yaml import parse_yaml
from tools.stage_copies import paths_of

STAGES = parse_yaml((ROOT / "doom" / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
LAST = f"rounds/{doom_pipeline.ROUNDS}"
FOLDER = "temperatures/${item.temperature}/${item.seed}/"
FIRST = [f"{stage}0" for stage in ROUND_STAGES]
SECOND = [f"{stage}@1" for stage in ROUND_STAGES]
LOOKS = ["evaluate_controls", "forecast_ends", "visualize_doom"]
PAGE = ["dream_starts", "play"]
APART = ["train_c_finetuned", "evaluate_finetuned"]
BY_TEMPERATURE = [
    f"{stage}_temperature@{temperature}-{seed}"
    for stage in ("train_c", "evaluate", "evaluate_dream")
    for temperature in CELLS.temperatures
    for seed in CELLS.seeds
]
STUDY = [*BY_TEMPERATURE, "temperature_study", "visualize_dreams"]
ABLATIONS = [
    "train_m_untrained",
    *(
        f"{stage}_{cell}-{seed}"
        for stage in ("train_c", "evaluate")
        for cell in (*(f"ablation@{features}" for features in FEATURES), "untrained@")
        for seed in ABLATED.seeds
    ),
    "ablations",
]
FEWER_GAMES = {  # at a time: each has an engine, whose start takes ten times as long as the game
    "collect": {"episodes": 2, "held_out_episodes": 1},
    "train_c": {"validation_episodes": 1},
    "evaluate": {"episodes": 2, "baseline_episodes": 1},
}


def produced(stage) -> list[str]:
    stage = stage.get("do", stage)
    return paths_of([*stage["outs"], *stage.get("metrics", []), *stage.get("plots", [])])


def test_the_c_of_dreams_alone_is_evaluated_and_what_the_game_has_taught_is_apart():
    models_of_last = [f"{LAST}/models/{name}.npz" for name in "vmc"]
    assert STAGES["evaluate"]["deps"][:3] == models_of_last
    finetuned = STAGES["train_c_finetuned"]
    assert set(models_of_last) < set(finetuned["deps"])
    assert f" --init-from {LAST}/models/c.npz --set train_c.train_in=env" in finetuned["cmd"]
    assert "finetuned/models/c.npz" in STAGES["evaluate_finetuned"]["deps"]
    for name, stage in STAGES.items():
        ours = [path for path in produced(stage) if path.startswith("finetuned/")]
        assert len(ours) == (len(produced(stage)) if name in APART else 0)
        read = [path for path in stage.get("do", stage)["deps"] if path.startswith("finetuned/")]
        assert bool(read) == (name == "evaluate_finetuned")


def test_cs_are_trained_in_the_last_dreams_at_each_of_the_papers_temperatures():
    train, evaluate = STAGES["train_c_temperature"], STAGES["evaluate_temperature"]
    dreams = STAGES["evaluate_dream_temperature"]
    for stage in (train, evaluate, dreams):
        assert set(stage["matrix"]["temperature"]) >= {0.1, 0.5, 1.0, 1.15, 1.3}
        assert len(stage["matrix"]["seed"]) == 3
        read = [path for path in stage["deps"] if path.endswith((".npz", ".h5"))]
        own = {path for path in read if not path.startswith(f"{LAST}/")}
        c, games = f"{FOLDER}models/c.npz", f"{FOLDER}data/evaluation.h5"
        assert own == (set() if stage is train else {c, games} if stage is dreams else {c})
        assert all(path.startswith(FOLDER) for path in produced(stage))
        assert not stage.keys() & {"metrics", "plots"}  # too many for git
    for stage in (train, dreams):
        assert " --set train_c.temperature=${item.temperature}" in stage["cmd"]
    assert " --set seed=${item.seed}" in train["cmd"]
    assert "seed" not in train["params"]
    for stage in (evaluate, dreams):
        assert "--set seed" not in stage["cmd"]  # all have the same games, and dreams' starts
    assert "--init-from" not in train["cmd"]  # which has learned at another temperature


def test_cs_on_other_features_have_the_same_dreams_settings_and_games():
    folder = "ablations/features=${item.features}/seed=${item.seed}/"
    untrained = folder.replace("${item.features}", UNTRAINED)
    trained = STAGES["train_c_ablation"], STAGES["train_c_untrained"]
    evaluated = STAGES["evaluate_ablation"], STAGES["evaluate_untrained"]
    assert trained[0]["matrix"]["features"] == [*FEATURES]
    for stage in (*trained, *evaluated):
        assert len(stage["matrix"]["seed"]) == 3
        own = folder if "features" in stage["matrix"] else untrained
        assert all(path.startswith(own) for path in produced(stage))
    commands = [stage["cmd"].replace(untrained, folder) for stage in trained]
    options = commands[1].replace("inputs=zh", "inputs=${item.features}")
    assert options == f"{commands[0]} --policy-memory ablations/untrained/models/m.npz"
    commands = [stage["cmd"].replace(untrained, folder) for stage in evaluated]
    own_m = commands[0].replace(f"{LAST}/models/m.npz", "ablations/untrained/models/m.npz")
    assert own_m == commands[1]
    assert "--set seed" not in commands[0]  # all have the same games
    read = {*STAGES["ablations"]["deps"]}
    assert len([path for path in read if path.startswith("ablations/")]) == 3 * 3


def test_the_first_round_collects_more_episodes_and_later_ones_with_c():
    for stage, settings in doom_pipeline.FIRST.items():
        for setting in settings:
            assert f"--set {stage}.{setting}" in STAGES[f"{stage}0"]["cmd"]
    later = STAGES["collect"]
    assert list(later["foreach"]) == [*range(1, doom_pipeline.ROUNDS + 1)]
    assert "--policy" in later["do"]["cmd"]
    assert "--append-to" in later["do"]["cmd"]
    assert " --init-from rounds/${item.before}/models/c.npz" in STAGES["train_c"]["do"]["cmd"]
    assert "--init-from" not in STAGES["train_c0"]["cmd"]


def test_the_titles_of_plots_are_dooms_and_differ():
    plots = [
        plot
        for stage in STAGES.values()
        for entry in stage.get("do", stage).get("plots", [])
        for plot in entry.values()
    ]
    titles = [plot["title"] for plot in plots if "title" in plot]  # pictures have none
    assert len(set(titles)) == len(titles) == 2 * 3 + 1 + 3
    assert all(title.startswith(("Doom, ", "Doom: ")) for title in titles)


@needs_vizdoom
def test_a_second_round_follows_the_first_and_its_c_is_evaluated(make_project):
    project = doom_project(make_project, params=FEWER_GAMES)
    ran = project.repro("visualize_doom", "play")
    last = {*LOOKS, *PAGE}
    assert [name for name in ran if name not in last] == [*FIRST, *SECOND, "evaluate"]
    assert last < set(ran)
    assert project.read("reports/dream.gif").startswith(b"GIF")
    assert b"dodge fireballs" in project.read("reports/play.html")
    for number in (0, 1):
        for stage in ROUND_STAGES:
            cost = json.loads(project.read(f"rounds/{number}/reports/cost/{stage}.json"))
            assert 0 < min(cost.values()) <= max(cost.values()) < 0.1
    metrics = json.loads(project.read("reports/metrics/evaluate.json"))
    assert 8 <= metrics["worst_return"] <= metrics["mean_return"] <= 28 * 8  # tics
    details = json.loads(project.read("rounds/1/reports/details/collect.json"))
    assert (details["round"], details["episodes"]) == (1, 3)
    changed = project.run("git", "status", "--porcelain", "-uall", "rounds/*/models").stdout
    assert changed == ""  # git knows already what DVC keeps


@needs_vizdoom
@pytest.mark.slow
def test_all_of_it_runs_and_the_same_bytes_come_again_on_two_workers(make_project):
    project = doom_project(make_project)
    names = sorted([*FIRST, *SECOND, "evaluate", *LOOKS, *PAGE, *APART, *STUDY, *ABLATIONS])
    assert sorted(project.repro()) == names
    assert project.repro() == []
    expected = models(project)
    for workers in (1, 2):
        again = doom_project(make_project)
        again.replace("params.yaml", "executor: inline", "executor: processes")
        again.replace("params.yaml", "  workers: 1\n", f"  workers: {workers}\n")
        assert sorted(again.repro()) == names
        assert models(again) == expected
