"""What can be derived in each dvc.yaml: `python -m tests.pipelines` writes it, a test compares.

The files that a stage's script imports are its dependencies. The pipeline of the recipes is the
root's with folders of its own for each recipe, and that of the temperature study is again the
root's, once for each seed and, from evolve_c on, each temperature. That of CarRacing is its first
five stages once for each round, each behind the one before it, and then its last ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from tests.imports import ROOT, imported_files

RECIPES = ("unseen", "paper", "dream")
SEEDS = (0, 1, 2, 3, 4)
TEMPERATURES = (0.01, 0.1, 0.5, 1.0, 1.15, 1.3, 2.0, 4.0, 10.0, 30.0)
STUDIED = ("collect", "train_v", "encode", "train_m", "evolve_c", "evaluate")
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

ROUNDS = 6  # of CarRacing, after the first
FIRST_EPISODES = 640  # of random policies, which are soon off the road: most of them are short
CARRACING_HEAD = """\
# The real CarRacing, round by round; `make carracing` runs it. Written by
# `python -m tests.pipelines`.
"""
KEEP: dict[str, Any] = {
    "desc": "The V, M and C of the round whose C drove best on validation tracks",
    "outs": ["models/v.npz", "models/m.npz", "models/c.npz"],
    "metrics": [{"reports/metrics/keep.json": {"cache": False}}],
}
RACE: dict[str, Any] = {
    "desc": "CarRacing in pictures: a drive beside its dream, every track, every round",
    "cmd": "python -m stages.race models/v.npz models/m.npz models/c.npz data/drives.h5",
    "deps": ["models/v.npz", "models/m.npz", "models/c.npz", "data/drives.h5"],
    "params": ["seed", "world", "evolve_c.temperature", "visualize.frames_per_second"],
    "metrics": [{"reports/metrics/race.json": {"cache": False}}],
    "plots": [
        {"reports/curves/rounds.csv": {"cache": False}},
        {"reports/figures/rounds.png": {"cache": False}},
        {"reports/figures/tracks.png": {"cache": False}},
        {"reports/drive.gif": {"cache": False}},
    ],
}
AGENT = ("models/v.npz", "models/m.npz", "models/c.npz")
CHOSEN = "reports/metrics/evolve_c.json"
LEARNING = ("collect", "train_v", "encode", "train_m", "evolve_c")
TOLD = (CHOSEN, "reports/metrics/collect.json", *(f"reports/cost/{name}.json" for name in LEARNING))
# What a stage is given of the round before, by option.
BEFORE: dict[str, dict[str, tuple[str, ...]]] = {
    "collect": {"--after": ("data/rollouts.h5",), "--driver": AGENT},
    "train_v": {"--start": ("models/v.npz",)},
    "train_m": {"--start": ("models/m.npz",)},
}

Stage = dict[str, Any]
Move = Callable[[str], str]  # a path of the root's pipeline to one elsewhere


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


def placed(
    stage: Stage,
    where: Move,
    matrix: Mapping[str, Any],
    wdir: str,
    params: tuple[str, list[str]],
    options: str,
) -> Stage:
    """A stage of the root's pipeline elsewhere.

    Args:
        stage: as dvc.yaml has it.
        where: its paths of data, models and reports there.
        matrix: what it is run once for each of.
        wdir: the way to the root.
        params: the params file, and the keys in it.
        options: of the command, behind its files.
    """

    def moved(entry: Any) -> Any:
        if isinstance(entry, dict):
            return {where(path): dict(settings) for path, settings in entry.items()}
        return where(entry)

    command = " ".join(map(where, stage["cmd"].split()))
    file, keys = params
    return {
        "matrix": {name: list(values) for name, values in matrix.items()},
        "wdir": wdir,
        "desc": stage["desc"],
        "cmd": f"{command} {options}",
        "deps": [moved(path) for path in stage["deps"]],
        "params": [{file: keys}],
        **{
            kind: [moved(entry) for entry in stage[kind]]
            for kind in ("outs", "metrics", "plots")
            if kind in stage
        },
    }


def moved_to(folder: str) -> Move:
    """The same paths below a folder."""
    return lambda path: re.sub(r"^(data|models|reports)/", rf"{folder}/\1/", path)


def of_recipes(pipeline: str) -> str:
    """The text of recipes/dvc.yaml."""
    folder = "recipes/${item.recipe}"
    file = f"{folder}.yaml"
    options = f"--params {file} --reports {folder}/reports"

    def of(stage: Stage, recipes: tuple[str, ...]) -> Stage:
        there = moved_to(folder)
        return placed(stage, there, {"recipe": recipes}, "..", (file, stage["params"]), options)

    stages = {name: of(stage, RECIPES) for name, stage in _stages(pipeline).items()}
    stages["compare"] = of(with_files("compare", COMPARE), ("dream",))
    curves = {f"{recipe}/reports/curves/evolve_c.csv": "champion" for recipe in RECIPES}
    plot = {"title": CHAMPIONS, "x": "generation", "x_label": "generation", "y": curves}
    plots = [{"C of each recipe": {**plot, "y_label": "episode return"}}]
    return RECIPES_HEAD + _text({"stages": stages, "plots": plots})


def of_study(
    pipeline: str,
    seeds: Sequence[int] = SEEDS,
    temperatures: Sequence[float] = TEMPERATURES,
) -> str:
    """The text of recipes/dream/dvc.yaml."""
    file, study = "recipes/temperature.yaml", "recipes/dream/study"
    of_seed, of_cell = f"{study}/${{item.seed}}", f"{study}/${{item.seed}}-${{item.temperature}}"
    root, once = _stages(pipeline), moved_to(of_seed)
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
    return STUDY_HEAD + _text({"stages": stages | _shown(study, seeds, temperatures)})


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


def of_carracing(
    pipeline: str,
    rounds: int = ROUNDS,
    first_episodes: int = FIRST_EPISODES,
    folder: str = "carracing",
    file: str = "carracing/params.yaml",
) -> str:
    """The text of carracing/dvc.yaml: a first round, so many later ones, and what comes of them."""
    wdir = "/".join([".."] * len(folder.split("/")))
    root, stages = _stages(pipeline), {}

    def of(name: str, where: Move, reports: str, demands: tuple[str, ...] = ()) -> Stage:
        stage = {key: value for key, value in root[name].items() if key != "deps"}
        stage["deps"] = [path for path in root[name]["deps"] if not path.startswith("stages/")]
        options = f"--params {file} --reports {reports}"
        made = placed(stage, where, {}, wdir, (file, root[name]["params"]), options)
        del made["matrix"]
        files = imported_files(f"stages/{name}.py", ("carracing", *demands))
        return {**made, "deps": [*made["deps"], *sorted(files)]}

    def of_round(number: str, name: str, demands: tuple[str, ...] = ()) -> Stage:
        there = f"{folder}/rounds/{number}"
        cost = f"{there}/reports/cost/{name}.json"
        stage = of(name, moved_to(there), f"{there}/reports", demands)
        metrics = [*stage["metrics"], {cost: {"cache": False}}]
        return {**stage, "cmd": f"{stage['cmd']} --cost {cost}", "metrics": metrics}

    for name in LEARNING:
        stages[f"{name}0"] = of_round("0", name)
    stages["collect0"]["cmd"] += f" --set collect.episodes={first_episodes}"
    before = moved_to(f"{folder}/rounds/${{item}}")
    for name in LEARNING:
        given = BEFORE.get(name, {})
        stage = of_round("${key}", name, tuple(given))
        for option, paths in given.items():
            stage["cmd"] += f" {option} {' '.join(map(before, paths))}"
        old = [before(path) for paths in given.values() for path in paths]
        stage["deps"] = [*old, *stage["deps"]]
        again = {"foreach": {number: number - 1 for number in range(1, rounds + 1)}, "do": stage}
        stages[name] = again
    there = moved_to(folder)
    folders = [f"{folder}/rounds/{number}" for number in range(rounds + 1)]
    keep = with_files("keep", {**KEEP, "deps": []})
    options = f"{' '.join(folders)} --params {file} --reports {folder}/reports"
    keep["cmd"] = f"python -m stages.keep {' '.join(AGENT)}"
    keep["params"] = []
    stages["keep"] = placed(keep, there, {}, wdir, (file, []), options)
    del stages["keep"]["matrix"], stages["keep"]["params"]
    stages["keep"]["deps"] = [
        *(f"{each}/{path}" for each in folders for path in (*AGENT, CHOSEN)),
        *stages["keep"]["deps"],
    ]
    stages["evaluate"] = of("evaluate", there, f"{folder}/reports")
    stages |= _ablations(of, f"{folder}/rounds/{rounds}", f"{folder}/ablations")
    race = placed(RACE, there, {}, wdir, (file, RACE["params"]), options)
    del race["matrix"]
    race["deps"] += [f"{each}/{path}" for each in folders for path in TOLD]
    race["deps"] += sorted(imported_files("stages/race.py", ("carracing",)))
    stages["race"] = race
    return CARRACING_HEAD + _text({"stages": stages})


def _ablations(of: Callable[[str, Move, str], Stage], last: str, folder: str) -> dict[str, Stage]:
    """What h is worth: C on z alone, C on z and the h of an untrained M, and C of the last round,
    which dreamt of the same with the same V and M.
    """

    def moved(kind: str, *own: str) -> Move:
        """To the folder of an ablation for its own files and reports, else to the last round."""
        to_own, to_last = moved_to(f"{folder}/{kind}"), moved_to(last)
        return lambda path: (to_own if path.startswith("reports/") or path in own else to_last)(
            path
        )

    def made(name: str, kind: str, own: Sequence[str], settings: str = "", desc: str = "") -> Stage:
        stage = of(name, moved(kind, *own), f"{folder}/{kind}/reports")
        stage["cmd"] += settings
        return {**stage, "desc": desc or stage["desc"]}

    m, c, drives = "models/m.npz", "models/c.npz", "data/drives.h5"
    other = f"{folder}/untrained/{m}"
    nothing = " --set train_m.epochs=0 --set train_m.members=1"
    on_z = " --set evolve_c.inputs=z --set evolve_c.components=0"
    untrained = made("evolve_c", "untrained", [c], f" --memory {other}", "C on z and a blind h")
    untrained["deps"] = [other, *untrained["deps"]]
    return {
        "untrained": made("train_m", "untrained", [m], nothing, "An M that has learned nothing"),
        "evolve_c_untrained": untrained,
        "evolve_c_z": made("evolve_c", "z", [c], on_z, "C on z alone"),
        "evaluate_untrained": made("evaluate", "untrained", [m, c, drives]),
        "evaluate_z": made("evaluate", "z", [c, drives]),
        "evaluate_zh": made("evaluate", "zh", [drives]),
    }


def with_files(name: str, stage: Stage) -> Stage:
    """A stage with every file of `stages` that its script imports under its deps."""
    return {**stage, "deps": [*stage["deps"], *sorted(imported_files(f"stages/{name}.py"))]}


def _stages(pipeline: str) -> dict[str, Stage]:
    stages: dict[str, Stage] = yaml.safe_load(pipeline)["stages"]
    return stages


def _paths(entries: list[Any]) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


class _Dumper(yaml.SafeDumper):
    """Without anchors for what stands twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(pipeline: Mapping[str, Any]) -> str:
    text: str = yaml.dump(dict(pipeline), Dumper=_Dumper, sort_keys=False, width=10_000)
    return text


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
