"""The stages of Cs from dreams of several temperatures: their scores, in dreams and in games."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tools.round_stages import (
    AGENT,
    C,
    Project,
    RoundSettings,
    Settings,
    of_last_round,
    project_copy,
    set_options,
    with_plain_reports,
)
from tools.stage_copies import Stage, copy_stage, not_cached
from tools.temperature_table import STUDY_CURVE, temperature_table

EVALUATE_DREAM: Stage = {
    "desc": "Run C in dreams of whole games, of the temperature that it was trained at",
    "cmd": f"python -m stages.evaluate_dream data/latents.h5 {' '.join(AGENT)} data/evaluation.h5",
    "deps": ["data/latents.h5", *AGENT, "data/evaluation.h5"],
    "params": ["seed", "env", "evaluate"],
    "outs": ["reports/details/evaluate_dream.json"],
    "metrics": not_cached("reports/metrics/evaluate_dream.json"),
    "plots": not_cached("reports/curves/evaluate_dream.csv"),
}
REPORTERS = ("evaluate", "evaluate_dream")  # of a C's returns, in the game and in dreams
TITLE = "Doom: return in the game of a C trained in dreams"


class TemperatureStudy(NamedTuple):
    """Cs from dreams of several temperatures."""

    temperatures: Sequence[float]
    seeds: Sequence[int]  # of C's training; V, M and the test games are the same for all
    settings: Settings  # that differ from the params
    shown: Sequence[float]  # temperatures whose dreams are shown


TEMPERATURE_STUDY = TemperatureStudy(
    (0.01, 0.1, 0.5, 1.0, 1.15, 1.3),  # close to M's mean, and the paper's
    (0, 1, 2),
    {"evaluate": ("episodes=100", "baseline_episodes=100")},  # as many games as the paper's
    (0.01, 0.1, 1.15),  # the coldest, the paper's coldest and its best
)


def temperature_stages(
    project: Project,
    root: Mapping[str, Stage],
    rounds: int,
    settings: RoundSettings,
    study: TemperatureStudy,
) -> dict[str, Stage]:
    """C trained in the last round's dreams at each temperature with several seeds, and its scores.

    It starts from random weights, as in the first round and with its settings, because the C of a
    round has learned at another temperature.
    """
    folder, last = "temperatures/${item.temperature}/${item.seed}", f"rounds/{rounds}"
    move, reports = of_last_round(folder, last, {}), f"{folder}/reports"
    own = ["temperature=${item.temperature}", *settings(0).get("train_c", ())]
    train, evaluate = from_random_weights(project, root, folder, last, own)
    train["desc"] = "Train C by PPO in dreams of one temperature"
    games = set_options("evaluate", study.settings.get("evaluate", ()))
    evaluate["cmd"] += games
    options = f"--reports {reports}{set_options('train_c', own[:1])}{games}"
    dreams = copy_stage("evaluate_dream", EVALUATE_DREAM, move, options, (project.kind,))
    matrix = {"matrix": {"temperature": [*study.temperatures], "seed": [*study.seeds]}}
    return {
        "train_c_temperature": {**matrix, **train},
        "evaluate_temperature": {**matrix, **evaluate},
        "evaluate_dream_temperature": {**matrix, **with_plain_reports(dreams)},
        "temperature_study": temperature_table(
            _cells(study.temperatures, study.seeds), REPORTERS, "game", TITLE, "--reports reports"
        ),
        "visualize_dreams": _visualize(project, f"rounds/{rounds}", study),
    }


def from_random_weights(
    project: Project,
    root: Mapping[str, Stage],
    folder: str,
    last: str,
    settings: Sequence[str],
    policy_memory: str = "",
) -> tuple[Stage, Stage]:
    """`train_c` in the last round's dreams from random weights, with the seed of the matrix, and
    `evaluate`, both in a folder of their own.

    Args:
        project: whose they are.
        root: the root's stages, and `train_c`.
        folder: of C and its reports.
        last: the last round's folder.
        settings: of train_c.
        policy_memory: the M whose h C sees, if it is not the one that dreams.
    """
    own = {"models/m.npz": policy_memory} if policy_memory else {}
    reports = f"{folder}/reports"
    move = of_last_round(folder, last, {})
    train = project_copy(project, "train_c", root["train_c"], move, reports)
    train["cmd"] += f" --set seed=${{item.seed}}{set_options('train_c', settings)}"
    train["params"].remove("seed")
    if policy_memory:
        train["cmd"] += f" --policy-memory {policy_memory}"
        train["deps"] = [policy_memory, *train["deps"]]
    of_c = of_last_round(folder, last, own)
    evaluate = project_copy(project, "evaluate", root["evaluate"], of_c, reports)
    return with_plain_reports(train), with_plain_reports(evaluate)


def _cells(temperatures: Sequence[float], seeds: Sequence[int]) -> list[str]:
    """The folders of Cs."""
    return [f"temperatures/{each}/{seed}" for each in temperatures for seed in seeds]


def _visualize(project: Project, last: str, study: TemperatureStudy) -> Stage:
    """The stage that draws their scores, and what dreams of some temperatures show."""
    cells, first = (_cells(study.shown, seeds) for seeds in (study.seeds, study.seeds[:1]))
    models = [f"{last}/{path}" for path in ("data/latents.h5", *AGENT[:2])]
    names = (
        "curves/evaluate_dream.csv",
        "metrics/evaluate_dream.json",
        "details/evaluate_dream.json",
    )
    stage: Stage = {
        "desc": "Draw returns by temperature, and what cold dreams show",
        "cmd": f"python -m stages.visualize_dreams {' '.join(models)} {' '.join(cells)}",
        "deps": [
            *models,
            STUDY_CURVE,
            *(f"{cell}/{C}" for cell in first),
            f"{first[-1]}/data/evaluation.h5",
            *(f"{cell}/reports/{file}" for cell in cells for file in names),
        ],
        "params": ["seed", "env"],
        "outs": ["reports/details/visualize_dreams.json"],
        "plots": not_cached(*(f"reports/figures/{name}.png" for name in ("temperature", "dreams"))),
    }
    options = "--reports reports"
    return copy_stage("visualize_dreams", stage, lambda path: path, options, (project.kind,))
