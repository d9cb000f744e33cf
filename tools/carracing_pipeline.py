"""carracing/dvc.yaml: the root's stages once for each round, fine-tuning, evaluation, ablations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tools import carracing_plots
from tools.stage_copies import (
    Move,
    Stage,
    copy_stage,
    dump,
    into,
    not_cached,
    paths_of,
    read_stages,
)

ROUNDS = 2  # after the first
Settings = Mapping[str, Sequence[str]]  # in place of the params, by stage
FIRST: Settings = {
    "collect": ("episodes=640",),  # most of them are short: soon off the road
    "train_m": ("epochs=60",),
    "evolve_c": ("stalled_start_share=0", "runs=1"),
}
HEAD = """\
The real CarRacing, round by round: `make carracing` runs it.
Derived from the root's dvc.yaml: written by `python -m tools.dvc_pipelines`."""
AGENT = ("models/v.npz", "models/m.npz", "models/c.npz")
EVOLVED = "models/evolved.npz"  # C before its fine-tuning
ROLLOUTS = "data/rollouts.h5"  # of the round whose episodes a teacher labels
LEARNING = ("collect", "train_v", "encode", "train_m", "evolve_c")
FINETUNE: Stage = {
    "desc": "Fine-tune C in the environment",
    "cmd": f"python -m stages.finetune_c models/v.npz models/m.npz {EVOLVED} models/c.npz",
    "deps": ["models/v.npz", "models/m.npz", EVOLVED],
    "outs": ["models/c.npz", "reports/details/finetune_c.json", "reports/cost/finetune_c.json"],
    "params": ["seed", "env", "finetune_c"],
    "metrics": not_cached("reports/metrics/finetune_c.json"),
    "plots": [{"reports/curves/finetune_c.csv": {"cache": False, **carracing_plots.FINETUNE}}],
}
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
# What a stage is given of the round before, by option.
EARLIER: dict[str, dict[str, tuple[str, ...]]] = {
    "collect": {"--append-to": (ROLLOUTS,), "--policy": AGENT},
    "train_v": {"--init-from": ("models/v.npz",)},
    "train_m": {"--init-from": ("models/m.npz",)},
    "evolve_c": {"--teacher": AGENT},
}


def round_settings(number: int) -> Settings:
    """The settings of a round that differ from the params."""
    return {} if number else FIRST


def set_options(stage: str, settings: Sequence[str]) -> str:
    """The options of a command that set them."""
    return "".join(f" --set {stage}.{setting}" for setting in settings)


def carracing_pipeline(
    pipeline: str, rounds: int = ROUNDS, settings: Callable[[int], Settings] = round_settings
) -> str:
    """The text of carracing/dvc.yaml: a first round, later ones, and what follows the last."""
    root = read_stages(pipeline)
    stages = _rounds(root, rounds, settings)
    last = f"rounds/{rounds}"
    agent = _of_last_round("", last, {EVOLVED: f"{last}/models/c.npz"})
    stages["finetune_c"] = _finetune(agent, "reports")
    stages["evaluate"] = _copy("evaluate", root["evaluate"], agent, "reports")
    dreams = set_options("evolve_c", settings(rounds).get("evolve_c", ()))
    stages |= _ablations(root, f"rounds/{rounds - 1}", last, dreams)
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


def _copy(name: str, stage: Stage, move: Move, reports: str, demands: Sequence[str] = ()) -> Stage:
    """A copy of a stage for CarRacing, with reports in a folder."""
    options = f"--reports {reports}"
    copy = copy_stage(name, stage, move, options, ("carracing", *demands))
    carracing_plots.set_titles(copy, reports)
    return copy


def _rounds(
    root: Mapping[str, Stage], rounds: int, settings: Callable[[int], Settings]
) -> dict[str, Stage]:
    """The stages of the first round, and of later ones, each given what the one before left."""

    def of_round(number: str, name: str, demands: Sequence[str] = ()) -> Stage:
        folder = f"rounds/{number}"
        stage = _copy(name, root[name], into(folder), f"{folder}/reports", demands)
        cost = f"{folder}/reports/cost/{name}.json"
        return {**stage, "cmd": f"{stage['cmd']} --cost {cost}", "outs": [*stage["outs"], cost]}

    stages: dict[str, Stage] = {}
    for name in LEARNING:
        stages[f"{name}0"] = of_round("0", name)
        stages[f"{name}0"]["cmd"] += set_options(name, settings(0).get(name, ()))
    before = into("rounds/${item.before}")
    for name in LEARNING:
        given = EARLIER.get(name, {})
        stage = of_round("${key}", name, tuple(given))
        for option, paths in given.items():
            stage["cmd"] += f" {option} {' '.join(map(before, paths))}"
        files = [before(path) for paths in given.values() for path in paths]
        if name == "evolve_c":
            rollouts = into("rounds/${key}")(ROLLOUTS)
            stage["cmd"] += f" {rollouts}"
            files.append(rollouts)
        stage["deps"] = [*files, *stage["deps"]]
        items: dict[int, dict[str, Any]] = {
            number: {"before": number - 1} for number in range(1, rounds + 1)
        }
        if any(name in settings(number) for number in items):
            stage["cmd"] += "${item.options}"
            for number, item in items.items():
                item["options"] = set_options(name, settings(number).get(name, ()))
        stages[name] = {"foreach": items, "do": stage}
    return stages


def _of_last_round(folder: str, last: str, elsewhere: Mapping[str, str]) -> Move:
    """V, M and their data are those of the last round, but for some files; C, its episodes and
    reports are in this folder.
    """
    own: Move = into(folder) if folder else lambda path: path
    theirs = into(last)

    def move(path: str) -> str:
        if path in elsewhere:
            return elsewhere[path]
        is_own = path.startswith("reports/") or path in (
            *(EVOLVED, "models/c.npz", "data/evaluation.h5"),
        )
        return (own if is_own else theirs)(path)

    return move


def _finetune(move: Move, reports: str) -> Stage:
    stage = _copy("finetune_c", FINETUNE, move, reports)
    return {**stage, "cmd": f"{stage['cmd']} --cost {reports}/cost/finetune_c.json"}


def _ablations(root: Mapping[str, Stage], before: str, last: str, dreams: str) -> dict[str, Stage]:
    """What h is worth: C on z alone, and C on z and the h of an untrained M.

    Both have the same teacher, V and M for dreams, settings and fine-tuning as the last round's C.
    """
    teacher = [*map(into(before), AGENT), into(last)(ROLLOUTS)]
    untrained_m = "ablations/untrained/models/m.npz"
    memories = {"untrained": {"models/m.npz": untrained_m}, "z": {}}

    def evolve(kind: str, options: str, desc: str) -> Stage:
        folder = f"ablations/{kind}"
        move = _of_last_round(folder, last, {"models/c.npz": f"{folder}/{EVOLVED}"})
        stage = _copy("evolve_c", root["evolve_c"], move, f"{folder}/reports", ("--teacher",))
        stage["cmd"] += f"{options}{dreams} --teacher {' '.join(teacher)}"
        return {**stage, "desc": desc, "deps": [*teacher, *stage["deps"]]}

    def finish(kind: str) -> dict[str, Stage]:
        folder = f"ablations/{kind}"
        move = _of_last_round(folder, last, memories[kind])
        return {
            f"finetune_c_{kind}": _finetune(move, f"{folder}/reports"),
            f"evaluate_{kind}": _copy("evaluate", root["evaluate"], move, f"{folder}/reports"),
        }

    move = _of_last_round("ablations/untrained", last, memories["untrained"])
    train_m = _copy("train_m", root["train_m"], move, "ablations/untrained/reports")
    # Its curve is one point, which is no plot.
    train_m["outs"] += not_cached(*paths_of(train_m.pop("plots")))
    train_m["cmd"] += " --set train_m.epochs=0 --set train_m.ensemble_size=1"
    with_untrained = evolve(
        "untrained", f" --policy-memory {untrained_m}", "Search for C on z and an untrained h"
    )
    with_untrained["deps"] = [untrained_m, *with_untrained["deps"]]
    on_z = " --set evolve_c.inputs=z --set evolve_c.pca_components=0"
    return {
        "train_m_untrained": {**train_m, "desc": "Make an M that has learned nothing"},
        "evolve_c_untrained": with_untrained,
        "evolve_c_z": evolve("z", on_z, "Search for C on z alone"),
        **finish("untrained"),
        **finish("z"),
    }
