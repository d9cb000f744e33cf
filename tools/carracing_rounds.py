"""carracing/dvc.yaml: the root's stages once for each round, and what comes of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.imports import imported_files
from tools.placing import Move, Stage, moved_to, placed, stages_of, text_of

ROUNDS = 2  # of CarRacing, after the first
Settings = Mapping[str, Sequence[str]]  # in place of the params, by stage
FIRST: Settings = {
    "collect": ("episodes=640",),  # most of them are short: soon off the road
    "train_m": ("epochs=60",),
    "evolve_c": ("lost=0", "searches=1"),
}


def schedule(number: int) -> Settings:
    """What is different in a round."""
    return {} if number else FIRST


def options(stage: str, settings: Sequence[str]) -> str:
    """Of its command line."""
    return "".join(f" --set {stage}.{setting}" for setting in settings)


CARRACING_HEAD = """\
# The real CarRacing, round by round; `make carracing` runs it. Written by
# `python -m tests.pipelines`.
"""
AGENT = ("models/v.npz", "models/m.npz", "models/c.npz")
DREAMT = "models/dreamt.npz"  # C as it was found by dreaming
POLISH: dict[str, Any] = {
    "desc": "C learns on from real tries",
    "cmd": f"python -m stages.polish models/v.npz models/m.npz {DREAMT} models/c.npz",
    "deps": ["models/v.npz", "models/m.npz", DREAMT],
    "outs": ["models/c.npz"],
    "params": ["seed", "world", "polish"],
    "metrics": [
        {"reports/metrics/polish.json": {"cache": False}},
        {"reports/cost/polish.json": {"cache": False}},
    ],
    "plots": [
        {
            "reports/curves/polish.csv": {
                "cache": False,
                "title": "C, polished: the best so far",
                "x": "iteration",
                "x_label": "iteration",
                "y": "real",
                "y_label": "mean return on validation roads",
            }
        }
    ],
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
LEARNING = ("collect", "train_v", "encode", "train_m", "evolve_c")
TOLD = (
    "reports/metrics/evolve_c.json",
    "reports/metrics/collect.json",
    *(f"reports/cost/{name}.json" for name in LEARNING),
)
# What a stage is given of the round before, by option.
BEFORE: dict[str, dict[str, tuple[str, ...]]] = {
    "collect": {"--after": ("data/rollouts.h5",), "--driver": AGENT},
    "train_v": {"--start": ("models/v.npz",)},
    "train_m": {"--start": ("models/m.npz",)},
    "evolve_c": {"--teacher": AGENT},
}
ROLLOUTS = "data/rollouts.h5"  # of its own round, in which the teacher drove


def of_carracing(
    pipeline: str,
    rounds: int = ROUNDS,
    schedule: Callable[[int], Settings] = schedule,
    folder: str = "carracing",
    file: str = "carracing/params.yaml",
) -> str:
    """The text of carracing/dvc.yaml: a first round, so many later ones, and what comes of them."""
    wdir = "/".join([".."] * len(folder.split("/")))
    root, stages = stages_of(pipeline), {}

    def of(name: str, where: Move, reports: str, demands: tuple[str, ...] = ()) -> Stage:
        stage = {key: value for key, value in root[name].items() if key != "deps"}
        stage["deps"] = [path for path in root[name]["deps"] if not path.startswith("stages/")]
        common = f"--params {file} --reports {reports}"
        made = placed(stage, where, {}, wdir, (file, root[name]["params"]), common)
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
        stages[f"{name}0"]["cmd"] += options(name, schedule(0).get(name, ()))
    before = moved_to(f"{folder}/rounds/${{item.before}}")
    for name in LEARNING:
        given = BEFORE.get(name, {})
        stage = of_round("${key}", name, tuple(given))
        for option, paths in given.items():
            stage["cmd"] += f" {option} {' '.join(map(before, paths))}"
        old = [before(path) for paths in given.values() for path in paths]
        if name == "evolve_c":
            rollouts = f"{folder}/rounds/${{key}}/{ROLLOUTS}"
            stage["cmd"] += f" {rollouts}"
            old.append(rollouts)
        stage["deps"] = [*old, *stage["deps"]]
        items: dict[int, dict[str, Any]] = {
            number: {"before": number - 1} for number in range(1, rounds + 1)
        }
        if any(name in schedule(number) for number in items):
            stage["cmd"] += "${item.options}"
            for number, item in items.items():
                item["options"] = options(name, schedule(number).get(name, ()))
        stages[name] = {"foreach": items, "do": stage}
    last, before_last = f"{folder}/rounds/{rounds}", f"{folder}/rounds/{rounds - 1}"
    agent = _of_last_round(folder, last, {DREAMT: f"{last}/models/c.npz"})

    def polished(where: Move, reports: str) -> Stage:
        told = f"--params {file} --reports {reports} --cost {reports}/cost/polish.json"
        made = placed(POLISH, where, {}, wdir, (file, POLISH["params"]), told)
        del made["matrix"]
        return {
            **made,
            "deps": [*made["deps"], *sorted(imported_files("stages/polish.py", ("carracing",)))],
        }

    stages["polish"] = polished(agent, f"{folder}/reports")
    stages["evaluate"] = of("evaluate", agent, f"{folder}/reports")
    dreams = options("evolve_c", schedule(rounds).get("evolve_c", ()))
    stages |= _ablations(of, polished, before_last, last, f"{folder}/ablations", dreams)
    folders = [f"{folder}/rounds/{number}" for number in range(rounds + 1)]
    told = f"{' '.join(folders)} --params {file} --reports {folder}/reports"
    race = placed(RACE, agent, {}, wdir, (file, RACE["params"]), told)
    del race["matrix"]
    race["deps"] += [f"{each}/{path}" for each in folders for path in TOLD]
    race["deps"] += [f"{folder}/reports/{kind}/polish.json" for kind in ("metrics", "cost")]
    race["deps"] += sorted(imported_files("stages/race.py", ("carracing",)))
    stages["race"] = race
    return CARRACING_HEAD + text_of({"stages": stages})


def _of_last_round(folder: str, last: str, elsewhere: Mapping[str, str]) -> Move:
    """V, M and their data are those of the last round, but for some files; C is of this folder, and
    so are its drives and reports.
    """
    own = moved_to(folder)
    theirs = moved_to(last)

    def moved(path: str) -> str:
        if path in elsewhere:
            return elsewhere[path]
        is_own = path.startswith("reports/") or path in (DREAMT, "models/c.npz", "data/drives.h5")
        return (own if is_own else theirs)(path)

    return moved


def _ablations(
    of: Callable[[str, Move, str, tuple[str, ...]], Stage],
    polished: Callable[[Move, str], Stage],
    before: str,
    last: str,
    folder: str,
    dreams: str,
) -> dict[str, Stage]:
    """What h is worth: C on z alone, and C on z and the h of an untrained M, like the C of the last
    round: the same teacher, dreams of the same V and M, settings and tries.
    """
    teacher = [*map(moved_to(before), AGENT), f"{last}/{ROLLOUTS}"]
    other = f"{folder}/untrained/models/m.npz"
    mine = {"untrained": {"models/m.npz": other}, "z": {}}

    def searched(kind: str, options_of_it: str, desc: str) -> Stage:
        c = {"models/c.npz": f"{folder}/{kind}/{DREAMT}"}
        where = _of_last_round(f"{folder}/{kind}", last, c)
        stage = of("evolve_c", where, f"{folder}/{kind}/reports", ("--teacher",))
        stage["cmd"] += f"{options_of_it}{dreams} --teacher {' '.join(teacher)}"
        return {**stage, "desc": desc, "deps": [*teacher, *stage["deps"]]}

    def tried(kind: str) -> dict[str, Stage]:
        where = _of_last_round(f"{folder}/{kind}", last, mine[kind])
        return {
            f"polish_{kind}": polished(where, f"{folder}/{kind}/reports"),
            f"evaluate_{kind}": of("evaluate", where, f"{folder}/{kind}/reports", ()),
        }

    where = _of_last_round(f"{folder}/untrained", last, mine["untrained"])
    untrained = of("train_m", where, f"{folder}/untrained/reports", ())
    untrained["cmd"] += " --set train_m.epochs=0 --set train_m.ensemble_size=1"
    blind = searched("untrained", f" --memory {other}", "C on z and a blind h")
    blind["deps"] = [other, *blind["deps"]]
    on_z = " --set evolve_c.inputs=z --set evolve_c.pca_components=0"
    return {
        "untrained": {**untrained, "desc": "An M that has learned nothing"},
        "evolve_c_untrained": blind,
        "evolve_c_z": searched("z", on_z, "C on z alone"),
        **tried("untrained"),
        **tried("z"),
    }
