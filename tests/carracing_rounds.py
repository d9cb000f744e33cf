"""carracing/dvc.yaml: the root's stages once for each round, and what comes of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.imports import imported_files
from tests.placing import Move, Stage, moved_to, placed, stages_of, text_of

ROUNDS = 6  # of CarRacing, after the first
# What the params say is of most of the rounds, which are short: where C comes to by dreaming, M has
# to be shown soon. The first few are long, for in them M learns nearly all that it knows.
LONG_ROUNDS = 3
Settings = Mapping[str, Sequence[str]]  # in place of the params, by stage
FIRST: Settings = {
    "collect": (
        "episodes=640",
        "held_out_episodes=24",
    ),  # most of them are short: soon off the road
    "train_m": ("epochs=60", "learning_rate=0.003"),
    "evolve_c": (
        "recent=1",
        "lost=0",
        "caution=0",
        "generations=32",
        "searches=1",
        "checked_every=16",
    ),
}
LONG: Settings = {
    "collect": ("episodes=160", "held_out_episodes=24"),
    "train_m": ("epochs=20", "learning_rate=0.003"),
    # All searches are bold, and dreams still teach so much that their middle is best.
    "evolve_c": (
        "recent=1",
        "caution=0",
        "generations=32",
        "checked_every=16",
        "each_checked=false",
    ),
}
SHORT: Settings = {"train_v": ("epochs=0",)}  # V has seen enough

FINALS = ("validation_episodes=192",)  # of evolve_c, where the best rounds drive again


def schedule(number: int) -> Settings:
    """What is different in a round."""
    if not number:
        return FIRST
    return LONG if number < LONG_ROUNDS else SHORT


def options(stage: str, settings: Sequence[str]) -> str:
    """Of its command line."""
    return "".join(f" --set {stage}.{setting}" for setting in settings)


CARRACING_HEAD = """\
# The real CarRacing, round by round; `make carracing` runs it. Written by
# `python -m tests.pipelines`.
"""
KEEP: dict[str, Any] = {
    "desc": "V, M and C of the round whose C drives best",
    "outs": ["models/v.npz", "models/m.npz", "models/c.npz"],
    "params": ["seed", "world", "evolve_c.validation_episodes"],
    "metrics": [
        {"reports/metrics/keep.json": {"cache": False}},
        {"reports/cost/keep.json": {"cache": False}},
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
AGENT = ("models/v.npz", "models/m.npz", "models/c.npz")
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
    finals: Sequence[str] = FINALS,
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
    there = moved_to(folder)
    folders = [f"{folder}/rounds/{number}" for number in range(rounds + 1)]
    told = f"--params {file} --reports {folder}/reports"
    cost = f"--cost {folder}/reports/cost/keep.json"
    finals = options("evolve_c", finals)
    stages["keep"] = _keep(there, folders, wdir, file, f"{' '.join(folders)} {told} {cost}{finals}")
    told = f"{' '.join(folders)} {told}"
    stages["evaluate"] = of("evaluate", there, f"{folder}/reports")
    last_two = f"{folder}/rounds/{rounds - 1}", f"{folder}/rounds/{rounds}"
    dreams = options("evolve_c", schedule(rounds).get("evolve_c", ()))
    stages |= _ablations(of, *last_two, f"{folder}/ablations", dreams)
    race = placed(RACE, there, {}, wdir, (file, RACE["params"]), told)
    del race["matrix"]
    race["deps"] += [f"{each}/{path}" for each in folders for path in TOLD]
    race["deps"] += [f"{folder}/reports/{kind}/keep.json" for kind in ("metrics", "cost")]
    race["deps"] += sorted(imported_files("stages/race.py", ("carracing",)))
    stages["race"] = race
    return CARRACING_HEAD + text_of({"stages": stages})


def _keep(there: Move, folders: Sequence[str], wdir: str, file: str, options_of_it: str) -> Stage:
    """The best of the rounds in these folders."""
    keep = {**KEEP, "cmd": f"python -m stages.keep {' '.join(AGENT)}", "deps": []}
    stage = placed(keep, there, {}, wdir, (file, KEEP["params"]), options_of_it)
    del stage["matrix"]
    rounds = [f"{each}/{path}" for each in folders for path in (*AGENT, TOLD[0])]
    files = sorted(imported_files("stages/keep.py", ("carracing",)))
    return {**stage, "deps": [*rounds, *files]}


def _ablations(
    of: Callable[[str, Move, str, tuple[str, ...]], Stage],
    before: str,
    last: str,
    folder: str,
    dreams: str,
) -> dict[str, Stage]:
    """What h is worth: C on z alone, C on z and the h of an untrained M, and C of the last round,
    which had the same teacher and dreamt of the same with the same V and M, and settings.
    """
    teacher = [*map(moved_to(before), AGENT), f"{last}/{ROLLOUTS}"]

    def moved(kind: str, *own: str) -> Move:
        """To the folder of an ablation for its own files and reports, else to the last round."""
        to_own, to_last = moved_to(f"{folder}/{kind}"), moved_to(last)
        return lambda path: (to_own if path.startswith("reports/") or path in own else to_last)(
            path
        )

    def made(name: str, kind: str, own: Sequence[str], settings: str = "", desc: str = "") -> Stage:
        learns = name == "evolve_c"
        demands = ("--teacher",) if learns else ()
        stage = of(name, moved(kind, *own), f"{folder}/{kind}/reports", demands)
        stage["cmd"] += settings
        if learns:
            stage["cmd"] += dreams
            stage["cmd"] += f" --teacher {' '.join(teacher)}"
            stage["deps"] = [*teacher, *stage["deps"]]
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
