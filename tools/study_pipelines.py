"""Studies: what each varies, and the dvc.yaml in its folder.

A study is a DVC project in `studies/<name>`. Each of its seeds trains V and M, and each combination
of the values of its factors trains a C, which drives test tracks. All Cs drive the same tracks: the
seed of `evaluate` is that of params.yaml. `results.csv` has a line for each C.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from tools.stage_copies import Stage, copy_stage, dump, into, not_cached, paths_of, read_stages

SHARED = ("collect", "train_v", "encode", "train_m")  # whose outputs the Cs of a seed share
RESULTS = "results.csv"


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        title: of its dvc.yaml.
        factors: the values of each key of the section evolve_c that varies.
        seeds: of training.
        minutes: of CPU time that the whole study takes from an empty cache.
        reference: the setting that the others are compared with.
        tuned: the last factor, if it is no setting but chosen for each; none if it is empty.
        labels: how pages name factors and values.
    """

    title: str
    factors: Mapping[str, Sequence[str | float]]
    seeds: Sequence[int]
    minutes: int
    reference: str
    tuned: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


STUDIES: Mapping[str, Study] = {  # by the folder below studies/
    "strategies": Study(
        title="Evolution strategies at equal evaluations, with several initial step sizes.",
        factors={
            "strategy": ("cma_es", "sep_cma_es", "rank_mu", "openai_es"),
            "sigma": (0.025, 0.05, 0.1),
        },
        seeds=(0, 1, 2, 3, 4),
        minutes=6,
        reference="cma_es",
        tuned="sigma",
        labels={
            "sigma": "step size",
            "cma_es": "CMA-ES",
            "sep_cma_es": "sep-CMA-ES",
            "rank_mu": "rank-mu",
            "openai_es": "OpenAI-ES",
        },
    ),
}


def study_pipeline(pipeline: str, study: Study, derived: str) -> str:
    """The text of a study's dvc.yaml.

    Args:
        pipeline: the root's dvc.yaml.
        study: whose.
        derived: a comment that says who writes the file.
    """
    root = read_stages(pipeline)
    seed = {"seed": [*study.seeds]}
    of_seed = "cells/seed=${item.seed}"
    of_c = "/".join([of_seed, *(f"{name}=${{item.{name}}}" for name in study.factors)])
    stages: dict[str, Stage] = {}
    for name in SHARED:
        options = f"--reports {of_seed}/reports --set seed=${{item.seed}}"
        stage = _without_seed(copy_stage(name, root[name], into(of_seed), options))
        # Reports are plain outputs: too many for git and for DVC's tables.
        reports = paths_of([*stage.pop("metrics", []), *stage.pop("plots", [])])
        stage["outs"] = [*paths_of(stage["outs"]), *reports]
        stages[name] = {"matrix": seed, **stage}
    stages["evolve_and_evaluate"] = {
        "matrix": {**seed, **{name: [*values] for name, values in study.factors.items()}},
        **_evolve_and_evaluate(root, of_seed, of_c, [*study.factors]),
    }
    cells = [
        "/".join([f"cells/seed={seed}", *map("{}={}".format, study.factors, values)])
        for *values, seed in product(*study.factors.values(), study.seeds)
    ]
    results: Stage = {
        "desc": "List the returns of each C on each test track",
        "cmd": f"python -m stages.study_results {RESULTS} {' '.join(cells)}",
        "deps": cells,
        "outs": not_cached(RESULTS),
    }
    stages["study_results"] = copy_stage("study_results", results, lambda path: path)
    return dump(f"{study.title}\n{derived}", {"stages": stages})


def _evolve_and_evaluate(
    root: Mapping[str, Stage], of_seed: str, of_c: str, factors: Sequence[str]
) -> Stage:
    """One stage of both scripts, whose output is a folder: there are many, and DVC lists each."""
    own = ("models/c.npz", "data/evaluation.h5")

    def move(path: str) -> str:
        return into(of_c if path in own else of_seed)(path)

    settings = " ".join(f"--set evolve_c.{name}=${{item.{name}}}" for name in factors)
    options = f"--reports {of_c}/reports"
    evolve = copy_stage(
        "evolve_c", root["evolve_c"], move, f"{options} --set seed=${{item.seed}} {settings}"
    )
    evaluate = copy_stage("evaluate", root["evaluate"], move, options)
    made = f"{of_c}/models/c.npz"
    files = dict.fromkeys([*evolve["deps"], *evaluate["deps"]])
    keys = dict.fromkeys([*_without_seed(evolve)["params"], *evaluate["params"]])
    return {
        "desc": "Search for C, and run it on the test tracks",
        "cmd": [evolve["cmd"], evaluate["cmd"]],
        "deps": [path for path in files if path != made],
        "params": [*keys],
        "outs": [of_c],
    }


def _without_seed(stage: Stage) -> Stage:
    """A stage whose seed the command gives."""
    return {**stage, "params": [key for key in stage.get("params", []) if key != "seed"]}
