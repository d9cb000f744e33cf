"""Writes the dvc.yaml files that are derived from the root's; a test compares them.

Run it after a change of the root's dvc.yaml or of imports: `python -m tools.dvc_pipelines`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tools.carracing_pipeline import carracing_pipeline
from tools.command_errors import errors_in_a_line
from tools.doom_pipeline import doom_pipeline
from tools.fast_yaml import parse_yaml
from tools.rooms import ROOT
from tools.stage_copies import Stage, copy_stage, dump, into, not_cached, paths_of, read_stages
from tools.studies import StudyError
from tools.study_pipelines import study_pipeline
from tools.study_reader import (
    DESCRIPTION,
    PARAMS,
    check_settings,
    load_study,
    study_folder,
    study_names,
)
from tools.study_stages import StudyStages
from tools.temperature_table import STUDY_CURVE, by_temperature, temperature_table
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.outputs import AtomicOutputs

RECIPES = ("quick", "unseen", "paper", "dream")
PROJECTS = (
    *(f"recipes/{recipe}" for recipe in (*RECIPES, "other")),
    *("studies/temperature", *(f"studies/{name}" for name in study_names()), "carracing", "doom"),
)
SEEDS = (0, 1, 2, 3, 4)
TEMPERATURES = (0.01, 0.1, 0.5, 1.0, 1.15, 1.3, 2.0, 4.0, 10.0, 30.0)
STUDIED = ("collect", "train_v", "encode", "train_m", "evolve_c", "evaluate")
TITLE = 'title: "reference: '  # how the titles of the root's plots begin
DERIVED = "Derived from the root's dvc.yaml: written by `python -m tools.dvc_pipelines`."
COMPARE_DREAM: Stage = {
    "desc": "Compare C's episodes with dreams from the same starts",
    "cmd": "python -m stages.compare_dream models/v.npz models/m.npz models/c.npz "
    "data/evaluation.h5",
    "deps": ["models/v.npz", "models/m.npz", "models/c.npz", "data/evaluation.h5"],
    "params": ["seed", "env", "evolve_c.temperature", "visualize.frames_per_second"],
    "outs": ["reports/details/compare_dream.json"],
    "metrics": not_cached("reports/metrics/compare_dream.json"),
    "plots": not_cached(
        "reports/figures/open_loop_error.png", "reports/figures/filmstrip.png", "reports/dream.gif"
    ),
}
RETURNS = by_temperature(
    "temperature study: C in the environment and in dreams (baseline: random policy)",
    {STUDY_CURVE: ["env_return", "dream_return", "baseline"]},
)
RETURN_TITLE = "temperature study: return in the environment of a C trained in dreams"
VISUALIZE_TEMPERATURE: Stage = {
    "desc": "Draw returns in dreams and in the environment by temperature",
    "cmd": "python -m stages.visualize_temperature",
    "deps": [STUDY_CURVE],
    "plots": not_cached("reports/figures/temperature.png"),
}
VISUALIZE_GYMNASIUM: Stage = {
    "desc": "Draw the figures and the animation",
    "cmd": "python -m stages.visualize_gymnasium data/rollouts.h5 models/v.npz models/m.npz "
    "data/evaluation.h5",
    "deps": [
        *("data/rollouts.h5", "models/v.npz", "models/m.npz", "data/evaluation.h5"),
        *(f"reports/curves/{stage}.csv" for stage in ("train_v", "train_m", "evolve_c")),
    ],
    "params": ["seed", "env", "visualize"],
    "outs": ["reports/details/visualize_gymnasium.json"],
    "plots": not_cached(
        *("reports/figures/training_curves.png", "reports/figures/evolution_curve.png"),
        *("reports/figures/reconstructions.png", "reports/figures/returns.png"),
        "reports/episode.gif",
    ),
}


def named(pipeline: str, recipe: str) -> str:
    """The root's dvc.yaml with the name of a recipe in the titles of its plots."""
    return pipeline.replace(TITLE, TITLE.replace("reference", recipe))


def gymnasium_pipeline(pipeline: str) -> str:
    """The text of recipes/other/dvc.yaml: the root's stages in an environment of Gymnasium."""
    root = parse_yaml(named(pipeline, "other"))
    stages = {name: root["stages"][name] for name in STUDIED}
    stages["visualize_gymnasium"] = VISUALIZE_GYMNASIUM
    copies = {
        name: copy_stage(name, stage, lambda path: path, demands=("gymnasium",))
        for name, stage in stages.items()
    }
    others = {key: root[key] for key in ("plots", "artifacts")}
    head = f"Any environment of Gymnasium.\n{DERIVED}"
    return dump(head, {"stages": copies, **others})


def dream_comparison() -> str:
    """The text of recipes/dream/compare/dvc.yaml."""
    stage = {"wdir": "..", **copy_stage("compare_dream", COMPARE_DREAM, lambda path: path)}
    head = "What only a recipe whose M predicts rewards can have: `dvc repro compare/dvc.yaml`."
    return dump(
        f"{head}\nWritten by `python -m tools.dvc_pipelines`.", {"stages": {"compare_dream": stage}}
    )


def temperature_pipeline(
    pipeline: str,
    seeds: Sequence[int] = SEEDS,
    temperatures: Sequence[float] = TEMPERATURES,
) -> str:
    """The text of studies/temperature/dvc.yaml."""
    root, stages = read_stages(pipeline), {}
    of_seed, of_cell = "cells/${item.seed}", "cells/${item.seed}-${item.temperature}"
    for name in STUDIED:
        in_cell = name in ("evolve_c", "evaluate")
        folder = of_cell if in_cell else of_seed
        own = {*paths_of(root[name].get("outs", [])), "models/c.npz"}

        def move(path: str, own: set[str] = own, folder: str = folder) -> str:
            is_own = path.startswith("reports/") or path in own
            return into(folder if is_own else of_seed)(path)

        options = f"--reports {folder}/reports --set seed=${{item.seed}}"
        if name == "evolve_c":
            options += " --set evolve_c.temperature=${item.temperature}"
        stage = copy_stage(name, root[name], move, options)
        stage["params"] = [key for key in stage["params"] if key != "seed"]
        # Reports are plain outputs: too many for git and for DVC's tables.
        reports = paths_of([*stage.pop("metrics", []), *stage.pop("plots", [])])
        stage["outs"] = [*paths_of(stage["outs"]), *reports]
        matrix = {"seed": seeds, **({"temperature": temperatures} if in_cell else {})}
        stages[name] = {"matrix": {key: [*values] for key, values in matrix.items()}, **stage}
    cells = [f"cells/{seed}-{temperature}" for temperature in temperatures for seed in seeds]
    stages["temperature_study"] = temperature_table(
        cells, ("evolve_c", "evaluate"), "environment", RETURN_TITLE
    )
    stages["visualize_temperature"] = copy_stage(
        "visualize_temperature", VISUALIZE_TEMPERATURE, lambda path: path
    )
    stages["compare_dream"] = _coldest(seeds[0], min(temperatures))
    head = f"Training in dreams of several temperatures.\n{DERIVED}"
    return dump(head, {"stages": stages, "plots": [{"returns by temperature": RETURNS}]})


def _coldest(seed: int, temperature: float) -> Stage:
    """The stage that shows how C exploits the coldest dreams."""

    def move(path: str) -> str:
        if path.startswith("reports/"):
            return path
        of_cell = path in ("models/c.npz", "data/evaluation.h5")
        return into(f"cells/{seed}-{temperature}" if of_cell else f"cells/{seed}")(path)

    options = f"--set seed={seed} --set evolve_c.temperature={temperature}"
    stage = copy_stage("compare_dream", COMPARE_DREAM, move, options)
    own = ("seed", "evolve_c.temperature")
    stage["params"] = [key for key in stage["params"] if key not in own]
    return {**stage, "desc": "Compare the coldest dreams with C's episodes from the same starts"}


def _pipeline_of_study(pipeline: str, name: str) -> str:
    """The text of a study's dvc.yaml.

    Raises:
        UserError: its study.yaml or params.yaml is wrong.
    """
    study, folder = load_study(name), study_folder(name)
    try:
        for factors in StudyStages(pipeline, study).factors_set.values():
            check_settings(study, folder / PARAMS, factors)
        return study_pipeline(pipeline, study, DERIVED)
    except StudyError as error:
        raise UserError(f"{folder / DESCRIPTION}: {error}") from None


def derived(pipeline: str) -> dict[str, str]:
    """The texts of the derived files, by path, given the root's dvc.yaml.

    Raises:
        UserError: a study.yaml, or the params.yaml beside it, is wrong.
    """
    return {
        **{f"recipes/{recipe}/dvc.yaml": named(pipeline, recipe) for recipe in RECIPES},
        "recipes/dream/compare/dvc.yaml": dream_comparison(),
        "recipes/other/dvc.yaml": gymnasium_pipeline(pipeline),
        "studies/temperature/dvc.yaml": temperature_pipeline(pipeline),
        **{
            f"studies/{name}/dvc.yaml": _pipeline_of_study(pipeline, name) for name in study_names()
        },
        "carracing/dvc.yaml": carracing_pipeline(pipeline),
        "doom/dvc.yaml": doom_pipeline(pipeline),
    }


def main() -> None:
    """Write all of them."""
    argparse.ArgumentParser(prog="python -m tools.dvc_pipelines", description=__doc__).parse_args()
    with errors_in_a_line("dvc_pipelines"), AtomicOutputs() as outputs:
        pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
        for path, text in derived(pipeline).items():
            with outputs.writing(ROOT / path) as temporary:
                temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
