"""What can be derived in each dvc.yaml: `python -m tests.pipelines` writes it, a test compares.

The files that a stage's script imports are its dependencies. The pipeline of the recipes is the
root's with folders of its own for each recipe, but for its page to play in, and that of the
temperature study is again the root's, once for each seed and, from evolve_c on, each temperature.
That of CarRacing is in tests/carracing_rounds.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.support.imports import ROOT, imported_files
from tools.carracing_rounds import of_carracing
from tools.placing import Move, Stage, moved_to, placed, stages_of, text_of, with_files

RECIPES = ("unseen", "paper", "dream")
SEEDS = (0, 1, 2, 3, 4)
TEMPERATURES = (0.01, 0.1, 0.5, 1.0, 1.15, 1.3, 2.0, 4.0, 10.0, 30.0)
STUDIED = ("collect", "train_v", "encode", "train_m", "evolve_c", "evaluate")
ROOT_ONLY = "play"
RECIPES_HEAD = """\
# The stages of ../dvc.yaml, once for each recipe, and what shows a dream: written by
# `python -m tests.pipelines`.
"""
STUDY_HEAD = """\
# C evolved in dreams of several temperatures; `make temperature` runs it. Written by
# `python -m tests.pipelines`.
"""
COMPARE: dict[str, Any] = {
    "desc": "What C does on the road beside what it dreams from the same starts",
    "cmd": "python -m stages.compare models/v.npz models/m.npz models/c.npz data/drives.h5",
    "deps": ["models/v.npz", "models/m.npz", "models/c.npz", "data/drives.h5"],
    "params": ["seed", "world.max_steps", "evolve_c.temperature", "visualize.frames_per_second"],
    "metrics": [{"reports/metrics/compare.json": {"cache": False}}],
    "plots": [
        {"reports/figures/dream_error.png": {"cache": False}},
        {"reports/figures/filmstrip.png": {"cache": False}},
        {"reports/dream.gif": {"cache": False}},
    ],
}
CHAMPIONS = "C: the best found so far, driven again on validation roads or in dreams"


def with_dependencies(pipeline: str) -> str:
    """The text of dvc.yaml, with every file of `stages` that a stage imports under its deps."""
    lines: list[str] = []
    stage, written = "", set()
    for line in pipeline.splitlines():
        if name := re.fullmatch(r"  (\w+):", line):
            stage = name[1]
        if not re.fullmatch(r"    - stages/.*\.py", line):
            lines.append(line)
        elif stage not in written:
            written.add(stage)
            lines += [f"    - {path}" for path in sorted(imported_files(f"stages/{stage}.py"))]
    return "\n".join(lines) + "\n"


def of_recipes(pipeline: str) -> str:
    """The text of recipes/dvc.yaml."""
    folder = "recipes/${item.recipe}"
    file = f"{folder}.yaml"
    options = f"--params {file} --reports {folder}/reports"

    def of(stage: Stage, recipes: tuple[str, ...]) -> Stage:
        there = moved_to(folder)
        return placed(stage, there, {"recipe": recipes}, "..", (file, stage["params"]), options)

    root = stages_of(pipeline)
    stages = {name: of(stage, RECIPES) for name, stage in root.items() if name != ROOT_ONLY}
    stages["compare"] = of(with_files("compare", COMPARE), ("dream",))
    curves = {f"{recipe}/reports/curves/evolve_c.csv": "champion" for recipe in RECIPES}
    plot = {"title": CHAMPIONS, "x": "generation", "x_label": "generation", "y": curves}
    plots = [{"C of each recipe": {**plot, "y_label": "episode return"}}]
    return RECIPES_HEAD + text_of({"stages": stages, "plots": plots})


def of_study(
    pipeline: str,
    seeds: Sequence[int] = SEEDS,
    temperatures: Sequence[float] = TEMPERATURES,
) -> str:
    """The text of recipes/dream/dvc.yaml."""
    file, study = "recipes/temperature.yaml", "recipes/dream/study"
    of_seed, of_cell = f"{study}/${{item.seed}}", f"{study}/${{item.seed}}-${{item.temperature}}"
    root, once = stages_of(pipeline), moved_to(of_seed)
    stages = {}
    for name in STUDIED:
        hot = name in ("evolve_c", "evaluate")
        matrix = {"seed": seeds, "temperature": temperatures} if hot else {"seed": seeds}
        here = moved_to(of_cell if hot else of_seed)
        own = {*_paths(root[name].get("outs", [])), "models/c.npz"}

        def where(path: str, own: set[str] = own, here: Move = here) -> str:
            return here(path) if path.startswith("reports/") or path in own else once(path)

        options = f"--params {file} --reports {here('reports/')[:-1]} --set seed=${{item.seed}}"
        if name == "evolve_c":
            options += " --set evolve_c.temperature=${item.temperature}"
        keys = [key for key in root[name]["params"] if key != "seed"]
        stages[name] = placed(root[name], where, matrix, "../..", (file, keys), options)
        # Reports as plain outputs: too many for git, and for DVC to show among those of other runs.
        reports = _paths([*stages[name].pop("metrics"), *stages[name].pop("plots", [])])
        stages[name]["outs"] = [*stages[name].get("outs", []), *reports]
    return STUDY_HEAD + text_of({"stages": stages | _shown(study, seeds, temperatures)})


def _shown(study: str, seeds: Sequence[int], temperatures: Sequence[float]) -> dict[str, Stage]:
    """The stages that draw what came of the study."""
    reports = "recipes/dream/reports"
    cells = [f"{study}/{seed}-{temperature}" for temperature in temperatures for seed in seeds]
    temperature = {
        "desc": "Scores in dreams and on roads by temperature",
        "cmd": f"python -m stages.temperature {' '.join(cells)} --params recipes/temperature.yaml "
        f"--reports {reports}",
        "deps": [
            *(f"{cell}/reports/metrics/{stage}.json" for cell in cells for stage in STUDIED[-2:]),
        ],
        "metrics": [{f"{reports}/metrics/temperature.json": {"cache": False}}],
        "plots": [
            {f"{reports}/curves/temperature.csv": {"cache": False}},
            {f"{reports}/figures/temperature.png": {"cache": False}},
        ],
    }
    coldest, seed = min(temperatures), seeds[0]

    def where(path: str) -> str:
        folder = f"{study}/{seed}"
        if path in ("models/c.npz", "data/drives.h5"):
            folder += f"-{coldest}"
        return moved_to("recipes/dream/cheating" if path.startswith("reports/") else folder)(path)

    options = (
        f"--params recipes/temperature.yaml --reports recipes/dream/cheating/reports "
        f"--set seed={seed} --set evolve_c.temperature={coldest}"
    )
    keys = [key for key in COMPARE["params"] if key not in ("seed", "evolve_c.temperature")]
    file = "recipes/temperature.yaml"
    compare = with_files("compare", COMPARE)
    cheating = placed(compare, where, {}, "../..", (file, keys), options)
    del cheating["matrix"]
    return {
        "temperature": {"wdir": "../..", **with_files("temperature", temperature)},
        "cheating": {**cheating, "desc": "How C cheats where its dreams are coldest"},
    }


def _paths(entries: list[Any]) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def main() -> None:
    """Write all of them."""
    root = ROOT / "dvc.yaml"
    pipeline = with_dependencies(root.read_text(encoding="utf-8"))
    root.write_text(pipeline, encoding="utf-8")
    for path, text in derived(pipeline).items():
        (ROOT / path).write_text(text, encoding="utf-8")


def derived(pipeline: str) -> dict[str, str]:
    """The texts of the others, by path."""
    return {
        "recipes/dvc.yaml": of_recipes(pipeline),
        "recipes/dream/dvc.yaml": of_study(pipeline),
        "carracing/dvc.yaml": of_carracing(pipeline),
    }


if __name__ == "__main__":
    main()
