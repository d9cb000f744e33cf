"""carracing/dvc.yaml: the root's stages once for each round, fine-tuning, evaluation, ablations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tools import carracing_plots
from tools.carracing_ablations import ablations
from tools.carracing_stages import (
    AGENT,
    EVOLVED,
    FINETUNE,
    LEARNING,
    Settings,
    carracing_copy,
    later_rounds,
    of_last_round,
    set_options,
    with_cost,
)
from tools.stage_copies import Stage, copy_stage, dump, into, not_cached, read_stages

ROUNDS = 2  # after the first
FIRST: Settings = {
    "collect": ("episodes=640",),  # most of them are short: soon off the road
    "train_m": ("epochs=60",),
    "evolve_c": ("stalled_start_share=0", "runs=1"),
}
# Without dreams C is fine-tuned in every round, and gets as many episodes in all as the shipped C.
FINETUNED_EACH_ROUND = "iterations=20", "std_end_factor=1"
FINETUNED_LAST = ("iterations=100",)
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
        {"reports/curves/rounds.csv": {"cache": False, **carracing_plots.ROUNDS}},
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
    pipeline: str, rounds: int = ROUNDS, settings: Callable[[int], Settings] = round_settings
) -> str:
    """The text of carracing/dvc.yaml: a first round, later ones, and what follows the last."""
    root = read_stages(pipeline)
    stages = _rounds(root, rounds, settings)
    last = f"rounds/{rounds}"
    agent = of_last_round("", last, {EVOLVED: f"{last}/models/c.npz"})
    stages["finetune_c"] = with_cost(carracing_copy("finetune_c", FINETUNE, agent, "reports"))
    stages["evaluate"] = carracing_copy("evaluate", root["evaluate"], agent, "reports")
    stages |= ablations(root, rounds, settings)
    folders = [f"rounds/{number}" for number in range(rounds + 1)]
    visualize = copy_stage(
        "visualize_carracing", VISUALIZE, agent, " ".join(folders), ("carracing",)
    )
    visualize["deps"] += [f"{folder}/{path}" for folder in folders for path in OF_A_ROUND]
    visualize["deps"] += [
        f"reports/{kind}/finetune_c.json" for kind in ("metrics", "details", "cost")
    ]
    stages["visualize_carracing"] = visualize
    plots = carracing_plots.plots_of_several_stages(folders)
    return dump(HEAD, {"stages": stages, "plots": plots})


def _rounds(
    root: Mapping[str, Stage], rounds: int, settings: Callable[[int], Settings]
) -> dict[str, Stage]:
    """The stages of the first round, and of later ones, each given what the one before left."""
    stages: dict[str, Stage] = {}
    for name in LEARNING:
        stage = with_cost(carracing_copy(name, root[name], into("rounds/0"), "rounds/0/reports"))
        stage["cmd"] += set_options(name, settings(0).get(name, ()))
        stages[f"{name}0"] = stage
    items = {number: {"before": number - 1} for number in range(1, rounds + 1)}
    own, before = into("rounds/${key}"), into("rounds/${item.before}")
    for name in LEARNING:
        stages[name] = later_rounds(name, root[name], own, before, items, settings)
    return stages
