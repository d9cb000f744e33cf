"""doom/dvc.yaml: the root's stages once for each round, evaluation, fine-tuning, temperatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.round_plots import plots_of_several_stages
from tools.round_stages import (
    EVOLVED,
    FINETUNE,
    C,
    Project,
    RoundSettings,
    Settings,
    all_rounds,
    of_last_round,
    project_copy,
    set_options,
    unplotted,
    with_cost,
)
from tools.stage_copies import Stage, dump, read_stages

ROUNDS = 2  # after the first
FIRST: Settings = {"collect": ("episodes=1000",)}  # of the random policy
TEMPERATURES = (0.1, 0.5, 1.0, 1.15, 1.3)  # the paper's
FINETUNED = "finetuned"  # the folder of the C that is fine-tuned in the game
DOOM = Project("doom", "Doom", {FINETUNED: "fine-tuned in the game"})
HEAD = """\
ViZDoom's Take Cover, round by round, in dreams alone: `make doom` runs it.
Derived from the root's dvc.yaml: written by `python -m tools.dvc_pipelines`."""


def round_settings(number: int) -> Settings:
    """The settings of a round that differ from the params."""
    return {} if number else FIRST


def doom_pipeline(
    pipeline: str,
    rounds: int = ROUNDS,
    settings: RoundSettings = round_settings,
    temperatures: Sequence[float] = TEMPERATURES,
) -> str:
    """The text of doom/dvc.yaml: a first round, later ones, and what follows the last.

    What follows is the evaluation of its C, which has learned in dreams alone; a C that is
    fine-tuned in the game, apart; and one that is evolved in dreams of each temperature.
    """
    root = read_stages(pipeline)
    stages = all_rounds(DOOM, root, rounds, settings)
    last = f"rounds/{rounds}"
    dreamt = of_last_round("", last, {C: f"{last}/{C}"})
    stages["evaluate"] = project_copy(DOOM, "evaluate", root["evaluate"], dreamt, "reports")
    finetuned = of_last_round(FINETUNED, last, {EVOLVED: f"{last}/{C}"})
    reports = f"{FINETUNED}/reports"
    stages["finetune_c"] = with_cost(project_copy(DOOM, "finetune_c", FINETUNE, finetuned, reports))
    stages["evaluate_finetuned"] = project_copy(
        DOOM, "evaluate", root["evaluate"], finetuned, reports
    )
    stages |= _by_temperature(root, rounds, settings, temperatures)
    folders = [f"rounds/{number}" for number in range(rounds + 1)]
    plots = plots_of_several_stages(DOOM.name, folders)
    return dump(HEAD, {"stages": stages, "plots": plots})


def _by_temperature(
    root: Mapping[str, Stage], rounds: int, settings: RoundSettings, temperatures: Sequence[float]
) -> dict[str, Stage]:
    """C evolved in the last round's dreams at each temperature, and what it scores in the game.

    It has no teacher, because that C has learned at another temperature.
    """
    folder = "temperatures/${item.temperature}"
    move = of_last_round(folder, f"rounds/{rounds}", {})
    evolve = project_copy(DOOM, "evolve_c", root["evolve_c"], move, f"{folder}/reports")
    evolve["cmd"] += set_options(
        "evolve_c",
        ["temperature=${item.temperature}", *settings(rounds).get("evolve_c", ())],
    )
    evolve["desc"] = "Search for C in dreams of one temperature"
    evaluate = project_copy(DOOM, "evaluate", root["evaluate"], move, f"{folder}/reports")
    matrix = {"matrix": {"temperature": [*temperatures]}}
    return {
        "evolve_c_temperature": {**matrix, **unplotted(evolve)},
        "evaluate_temperature": {**matrix, **evaluate},
    }
