"""doom/dvc.yaml: the root's stages once for each round, evaluation, fine-tuning, temperatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.round_plots import RETURN, plots_of_several_stages
from tools.round_stages import (
    AGENT,
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
from tools.stage_copies import Move, Stage, copy_stage, dump, not_cached, read_stages

ROUNDS = 2  # after the first
FIRST: Settings = {"collect": ("episodes=1000",)}  # of the random policy
TEMPERATURES = (0.1, 0.5, 1.0, 1.15, 1.3)  # the paper's
FINETUNED = "finetuned"  # the folder of the C that is fine-tuned in the game
DOOM = Project("doom", "Doom", {FINETUNED: "fine-tuned in the game"})
CONTROLS: Stage = {
    "desc": "Run policies that look at nothing in the games of C's evaluation",
    "cmd": "python -m stages.evaluate_controls data/evaluation.h5",
    "deps": ["data/evaluation.h5"],
    "params": ["seed", "env", "evaluate"],
    "outs": ["reports/details/evaluate_controls.json"],
    "metrics": not_cached("reports/metrics/evaluate_controls.json"),
    "plots": [
        {
            "reports/curves/evaluate_controls.csv": {
                "cache": False,
                "title": "Doom: return of C at each percentile of its games",
                "x": "percentile",
                "x_label": "percentile of the games",
                "y": "controller",
                "y_label": RETURN,
            }
        }
    ],
}
FORECAST: Stage = {
    "desc": "Foretell how held-out episodes ended in M's dreams",
    "cmd": "python -m stages.forecast_ends data/latents.h5 models/m.npz",
    "deps": ["data/latents.h5", "models/m.npz"],
    "params": ["seed", "evolve_c.temperature"],
    "outs": ["reports/details/forecast_ends.json"],
    "metrics": not_cached("reports/metrics/forecast_ends.json"),
    "plots": [
        {
            "reports/curves/forecast_ends.csv": {
                "cache": False,
                "title": "Doom: share of deaths that M's dreams foretell",
                "x": "steps",
                "x_label": "steps before the death",
                "y": "foretold",
                "y_label": "share of dreams that end by then",
            }
        }
    ],
}
VISUALIZE: Stage = {
    "desc": "Draw a game beside its dreams, C beside the controls, deaths foretold, and the rounds",
    "cmd": f"python -m stages.visualize_doom {' '.join(AGENT)} data/evaluation.h5",
    "deps": [*AGENT, "data/evaluation.h5"],
    "params": ["seed", "env", "evolve_c.temperature", "visualize.frames_per_second"],
    "outs": ["reports/details/visualize_doom.json"],
    "plots": not_cached(
        *(f"reports/figures/{name}.png" for name in ("tics_alive", "foretold", "rounds")),
        "reports/dream.gif",
    ),
}
STUDY_CURVE = "reports/curves/temperature_study.csv"
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
    folders = [f"rounds/{number}" for number in range(rounds + 1)]
    stages |= _looks(dreamt, folders)
    finetuned = of_last_round(FINETUNED, last, {EVOLVED: f"{last}/{C}"})
    reports = f"{FINETUNED}/reports"
    stages["finetune_c"] = with_cost(project_copy(DOOM, "finetune_c", FINETUNE, finetuned, reports))
    stages["evaluate_finetuned"] = project_copy(
        DOOM, "evaluate", root["evaluate"], finetuned, reports
    )
    stages |= _by_temperature(root, rounds, settings, temperatures)
    plots = plots_of_several_stages(DOOM.name, folders)
    return dump(HEAD, {"stages": stages, "plots": plots})


def _looks(move: Move, rounds: Sequence[str]) -> dict[str, Stage]:
    """What controls score, what M foretells, and the pictures of all."""
    stages = {
        name: copy_stage(name, stage, move, "--reports reports", (DOOM.kind,))
        for name, stage in {"evaluate_controls": CONTROLS, "forecast_ends": FORECAST}.items()
    }
    options = f"{' '.join(rounds)} --reports reports"
    visualize = copy_stage("visualize_doom", VISUALIZE, move, options, (DOOM.kind,))
    visualize["deps"] += [
        f"reports/{file}"
        for name in stages
        for file in (f"details/{name}.json", f"curves/{name}.csv")
    ]
    visualize["deps"] += [
        f"{folder}/reports/{file}"
        for folder in rounds
        for file in ("metrics/evolve_c.json", "curves/evolve_c.csv")
    ]
    return {**stages, "visualize_doom": visualize}


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
        "temperature_study": _study([f"temperatures/{each}" for each in temperatures]),
    }


def _study(cells: Sequence[str]) -> Stage:
    """The table of their scores, in dreams and in the game."""
    stage: Stage = {
        "desc": "List returns in dreams and in the game by temperature",
        "cmd": f"python -m stages.temperature_study {' '.join(cells)}",
        "deps": [
            f"{cell}/reports/{kind}/{name}.json"
            for cell in cells
            for name in ("evolve_c", "evaluate")
            for kind in ("metrics", "details")
        ],
        "outs": ["reports/details/temperature_study.json"],
        "metrics": not_cached("reports/metrics/temperature_study.json"),
        "plots": [
            {
                STUDY_CURVE: {
                    "cache": False,
                    "template": "log_x",
                    "title": "Doom: return in the game of a C evolved in dreams",
                    "x": "temperature",
                    "x_label": "temperature of the dreams",
                    "y": "env_return",
                    "y_label": RETURN,
                }
            }
        ],
    }
    return copy_stage("temperature_study", stage, lambda path: path, "--reports reports")
