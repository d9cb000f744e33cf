"""carracing/dvc.yaml: the root's stages once for each round, fine-tuning, evaluation, ablations."""

from __future__ import annotations

from tools.carracing_ablations import CARRACING, PLOTTED, ablations
from tools.round_plots import RETURN, plot_of_files, plots_of_several_stages
from tools.round_stages import (
    AGENT,
    EVOLVED,
    FINETUNE,
    LEARNING,
    RoundSettings,
    Settings,
    all_rounds,
    of_last_round,
    project_copy,
    with_cost,
)
from tools.stage_copies import Stage, copy_stage, dump, not_cached, read_stages

ROUNDS = 2  # after the first
FIRST: Settings = {
    "collect": ("episodes=640",),  # most of them are short: soon off the road
    "train_m": ("epochs=60",),
    "evolve_c": ("stalled_start_share=0", "runs=1"),
}
# Without dreams C is fine-tuned in every round, and gets as many episodes in all as the shipped C.
FINETUNED_EACH_ROUND = "iterations=20", "std_end_factor=1"
FINETUNED_LAST = ("iterations=100",)
SCORE_BY_COST = {
    "title": "CarRacing: validation return of C after each round",
    "x": "core_hours",
    "x_label": "core-hours from the start",
    "y": "validation",
    "y_label": RETURN,
}
HEAD = """\
The real CarRacing, round by round: `make carracing` runs it.
Derived from the root's dvc.yaml: written by `python -m tools.dvc_pipelines`."""
VISUALIZE: Stage = {
    "desc": "Draw an episode beside its dream, the returns of all test tracks, and the rounds",
    "cmd": f"python -m stages.visualize_carracing {' '.join(AGENT)} data/evaluation.h5",
    "deps": [*AGENT, "data/evaluation.h5"],
    "params": ["seed", "env", "evolve_c.temperature", "visualize.frames_per_second"],
    "outs": ["reports/details/visualize_carracing.json"],
    "metrics": not_cached("reports/metrics/visualize_carracing.json"),
    "plots": [
        {"reports/curves/rounds.csv": {"cache": False, **SCORE_BY_COST}},
        *not_cached("reports/figures/rounds.png", "reports/figures/returns.png"),
        *not_cached("reports/drive.gif"),
    ],
}
OF_A_ROUND = (  # what visualize_carracing reads of each round
    "reports/metrics/evolve_c.json",
    "reports/details/collect.json",
    *(f"reports/cost/{name}.json" for name in LEARNING),
)


def round_settings(number: int) -> Settings:
    """The settings of a round that differ from the params.

    Those of `finetune_c` are of the rounds without dreams, the only ones that have the stage.
    """
    finetuned = FINETUNED_EACH_ROUND if number < ROUNDS else FINETUNED_LAST
    return {**({} if number else FIRST), "finetune_c": finetuned}


def carracing_pipeline(
    pipeline: str, rounds: int = ROUNDS, settings: RoundSettings = round_settings
) -> str:
    """The text of carracing/dvc.yaml: a first round, later ones, and what follows the last."""
    root = read_stages(pipeline)
    stages = all_rounds(CARRACING, root, rounds, settings)
    last = f"rounds/{rounds}"
    agent = of_last_round("", last, {EVOLVED: f"{last}/models/c.npz"})
    finetune = project_copy(CARRACING, "finetune_c", FINETUNE, agent, "reports")
    stages["finetune_c"] = with_cost(finetune)
    stages["evaluate"] = project_copy(CARRACING, "evaluate", root["evaluate"], agent, "reports")
    stages |= ablations(root, rounds, settings)
    folders = [f"rounds/{number}" for number in range(rounds + 1)]
    visualize = copy_stage(
        "visualize_carracing", VISUALIZE, agent, " ".join(folders), (CARRACING.kind,)
    )
    visualize["deps"] += [f"{folder}/{path}" for folder in folders for path in OF_A_ROUND]
    visualize["deps"] += [
        f"reports/{kind}/finetune_c.json" for kind in ("metrics", "details", "cost")
    ]
    stages["visualize_carracing"] = visualize
    finetuned = plot_of_files(
        "CarRacing: training return of C in fine-tuning, and of the ablations",
        "iteration",
        {
            f"{folder}reports/curves/finetune_c.csv": "train_return"
            for folder in ("", *(f"ablations/{kind}/" for kind in PLOTTED))
        },
        RETURN,
    )
    plots = [*plots_of_several_stages(CARRACING.name, folders), finetuned]
    return dump(HEAD, {"stages": stages, "plots": plots})
