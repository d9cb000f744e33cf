"""The ablations of doom/dvc.yaml: what h is worth, by Cs that see other features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tools.doom_temperatures import from_random_weights
from tools.round_stages import (
    Project,
    RoundSettings,
    of_last_round,
    project_copy,
    set_options,
    with_plain_reports,
)
from tools.stage_copies import Stage, copy_stage, not_cached

ABLATIONS = "ablations"  # the folder
FEATURES = ("z", "zh")  # of C; `train_c.inputs`
UNTRAINED = "untrained_zh"  # z, and the h of an M that has learned nothing
UNTRAINED_M = f"{ABLATIONS}/untrained/models/m.npz"
RESULTS = "reports/ablations.csv"


class Ablations(NamedTuple):
    """Cs that see other features."""

    seeds: Sequence[int]  # of C's training; V, M and the test games are the same for all
    evaluate: Sequence[str]  # settings that differ from the params


ALL = Ablations((0, 1, 2), ("episodes=200", "baseline_episodes=1"))


def ablations(
    project: Project,
    root: Mapping[str, Stage],
    rounds: int,
    settings: RoundSettings,
    study: Ablations,
) -> dict[str, Stage]:
    """C trained in the last round's dreams on each kind of features with several seeds, and the
    tics that each lives in the same test games.

    Args:
        project: whose they are.
        root: the root's stages, and `train_c`.
        rounds: how many follow the first.
        settings: of a round, that differ from the params.
        study: seeds and games.
    """
    last = f"rounds/{rounds}"
    folder = f"{ABLATIONS}/features=${{item.features}}/seed=${{item.seed}}"
    of_untrained = f"{ABLATIONS}/features={UNTRAINED}/seed=${{item.seed}}"
    train, evaluate = from_random_weights(
        project, root, folder, last, ["inputs=${item.features}", *settings(0).get("train_c", ())]
    )
    train_untrained, evaluate_untrained = from_random_weights(
        project,
        root,
        of_untrained,
        last,
        ["inputs=zh", *settings(0).get("train_c", ())],
        UNTRAINED_M,
    )
    train["desc"] = "Train C by PPO in dreams, on z, or on z and h"
    train_untrained["desc"] = "Train C by PPO in dreams, on z and an untrained h"
    for stage in (evaluate, evaluate_untrained):
        stage["cmd"] += set_options("evaluate", study.evaluate)
    seeds = {"seed": [*study.seeds]}
    matrix = {"matrix": {"features": [*FEATURES], **seeds}}
    return {
        "train_m_untrained": _untrained_m(project, root, last),
        "train_c_ablation": {**matrix, **train},
        "train_c_untrained": {"matrix": seeds, **train_untrained},
        "evaluate_ablation": {**matrix, **evaluate},
        "evaluate_untrained": {"matrix": seeds, **evaluate_untrained},
        "ablations": _results(project, study),
    }


def _untrained_m(project: Project, root: Mapping[str, Stage], last: str) -> Stage:
    """The stage that makes an M of random weights."""
    move = of_last_round(f"{ABLATIONS}/untrained", last, {"models/m.npz": UNTRAINED_M})
    reports = f"{ABLATIONS}/untrained/reports"
    stage = project_copy(project, "train_m", root["train_m"], move, reports)
    stage["cmd"] += " --set train_m.epochs=0"
    return with_plain_reports({**stage, "desc": "Make an M that has learned nothing"})


def _results(project: Project, study: Ablations) -> Stage:
    """The stage that lists the returns of each C in each test game."""
    cells = [
        f"{ABLATIONS}/features={features}/seed={seed}"
        for features in (*FEATURES, UNTRAINED)
        for seed in study.seeds
    ]
    stage: Stage = {
        "desc": "List the returns of each C in each test game",
        "cmd": f"python -m stages.study_results {RESULTS} {' '.join(cells)}",
        "deps": [f"{cell}/data/evaluation.h5" for cell in cells],
        "outs": not_cached(RESULTS),
    }
    return copy_stage("study_results", stage, lambda path: path, demands=(project.kind,))
