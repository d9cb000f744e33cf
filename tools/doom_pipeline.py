"""doom/dvc.yaml: stages once for each round, evaluation, fine-tuning, temperatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.doom_ablations import ALL, Ablations, ablations
from tools.doom_temperatures import TEMPERATURE_STUDY, TemperatureStudy, temperature_stages
from tools.round_plots import RETURN, plots_of_several_stages
from tools.round_stages import (
    AGENT,
    TRAIN_C,
    C,
    Project,
    RoundSettings,
    Settings,
    all_rounds,
    of_last_round,
    project_copy,
    set_options,
    with_cost,
)
from tools.stage_copies import Move, Stage, copy_stage, dump, not_cached, read_stages

ROUNDS = 1  # after the first
FIRST: Settings = {  # most of the data; V learns from them alone, M and C start from nothing
    "collect": ("episodes=1400",),
    "train_v": ("epochs=3",),
    "train_m": ("epochs=10",),
    "train_c": ("learning_rate=0.0015",),
}
FINETUNED = "finetuned"  # the folder of the C that is fine-tuned in the game
ROUND_STAGES = ("collect", "train_v", "encode", "train_m", "train_c")
DOOM = Project("doom", "Doom", {FINETUNED: "fine-tuned in the game"}, ROUND_STAGES)
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
    "params": ["seed", "train_c.temperature"],
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
    "params": ["seed", "env", "train_c.temperature", "visualize.frames_per_second"],
    "outs": ["reports/details/visualize_doom.json"],
    "plots": not_cached(
        *(f"reports/figures/{name}.png" for name in ("tics_alive", "foretold", "rounds")),
        "reports/dream.gif",
    ),
}
STARTS = "models/dream_starts.npz"
PAGE: dict[str, Stage] = {
    "dream_starts": {
        "desc": "Choose recorded moments at which the page's dreams start",
        "cmd": f"python -m stages.dream_starts data/latents.h5 {STARTS}",
        "deps": ["data/latents.h5"],
        "params": ["seed", "evolve_c.burn_in"],
        "outs": [STARTS, "reports/details/dream_starts.json"],
    },
    "play": {
        "desc": "Write the page to dodge fireballs in, which opens from disk",
        "cmd": f"python -m stages.play {' '.join(AGENT)} reports/play.html --dream-starts {STARTS}",
        "deps": [*AGENT, STARTS],
        "params": ["env"],
        "outs": ["reports/play.html", "reports/details/play.json"],
    },
}


# PPO in the game, from the last round's C, with less noise than in dreams. Four times as many games
# choose: the C at the start is the best that the last round met in 64, which flatters it.
FINETUNE: Settings = {
    "train_c": (
        *("train_in=env", "iterations=240", "episodes=64", "action_std=0.3"),
        *("learning_rate=0.001", "eval_every=40", "validation_episodes=256"),
    )
}
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
    study: TemperatureStudy = TEMPERATURE_STUDY,
    finetune: Settings = FINETUNE,
    ablated: Ablations = ALL,
) -> str:
    """The text of doom/dvc.yaml: a first round, later ones, and what follows the last.

    What follows is the evaluation of its C, which has learned in dreams alone; a C that is
    fine-tuned in the game, apart; and several that are trained in dreams of each temperature.
    """
    root = {**read_stages(pipeline), "train_c": TRAIN_C}
    stages = all_rounds(DOOM, root, rounds, settings)
    last = f"rounds/{rounds}"
    dreamt = of_last_round("", last, {C: f"{last}/{C}", STARTS: STARTS})
    stages["evaluate"] = project_copy(DOOM, "evaluate", root["evaluate"], dreamt, "reports")
    folders = [f"rounds/{number}" for number in range(rounds + 1)]
    stages |= _looks(dreamt, folders)
    for name, stage in PAGE.items():
        stages[name] = copy_stage(name, stage, dreamt, "--reports reports", (DOOM.kind,))
    stages |= _finetuned(root, last, finetune)
    stages |= temperature_stages(DOOM, root, rounds, settings, study)
    stages |= ablations(DOOM, root, rounds, settings, ablated)
    plots = plots_of_several_stages(DOOM.name, folders, "train_c")
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
        for file in ("metrics/train_c.json", "curves/train_c.csv")
    ]
    return {**stages, "visualize_doom": visualize}


def _finetuned(root: Mapping[str, Stage], last: str, settings: Settings) -> dict[str, Stage]:
    """The last round's C, trained on in the game, and its evaluation."""
    move, reports = of_last_round(FINETUNED, last, {}), f"{FINETUNED}/reports"
    train = with_cost(project_copy(DOOM, "train_c", root["train_c"], move, reports))
    train["cmd"] += f" --init-from {last}/{C}{set_options('train_c', settings['train_c'])}"
    train["deps"] = [f"{last}/{C}", *train["deps"]]
    train["desc"] = "Train the last round's C by PPO in the game"
    (plot,) = train["plots"][0].values()
    plot["title"] = f"Doom, {DOOM.folder_names[FINETUNED]}: mean shaped return in training"
    plot["y_label"] = "shaped return of an episode"
    evaluate = project_copy(DOOM, "evaluate", root["evaluate"], move, reports)
    return {"train_c_finetuned": train, "evaluate_finetuned": evaluate}
