"""Copies of the root's stages for projects in rounds: of a round, and with what others left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tools import round_plots
from tools.stage_copies import Move, Stage, copy_stage, into, not_cached, paths_of

Settings = Mapping[str, Sequence[str]]  # in place of the params, by stage
RoundSettings = Callable[[int], Settings]  # of a round, that differ from the params
C = "models/c.npz"
AGENT = ("models/v.npz", "models/m.npz", C)
EVOLVED = "models/evolved.npz"  # C before its fine-tuning
ROLLOUTS = "data/rollouts.h5"  # of the round whose episodes a teacher labels
LEARNING = ("collect", "train_v", "encode", "train_m", "evolve_c")
FINETUNE: Stage = {
    "desc": "Fine-tune C in the environment",
    "cmd": f"python -m stages.finetune_c models/v.npz models/m.npz {EVOLVED} {C}",
    "deps": ["models/v.npz", "models/m.npz", EVOLVED],
    "outs": [C, "reports/details/finetune_c.json"],
    "params": ["seed", "env", "finetune_c"],
    "metrics": not_cached("reports/metrics/finetune_c.json"),
    "plots": [{"reports/curves/finetune_c.csv": {"cache": False, **round_plots.FINETUNE}}],
}
TRAIN_C: Stage = {
    "desc": "Train C by PPO in M's dreams",
    "cmd": f"python -m stages.train_c data/latents.h5 models/v.npz models/m.npz {C}",
    "deps": ["data/latents.h5", "models/v.npz", "models/m.npz"],
    "params": ["seed", "env", "train_c"],
    "outs": [C, "reports/details/train_c.json"],
    "metrics": not_cached("reports/metrics/train_c.json"),
    "plots": [{"reports/curves/train_c.csv": {"cache": False, **round_plots.TRAIN_C}}],
}
# What a stage is given of the round before, by option.
EARLIER: dict[str, dict[str, tuple[str, ...]]] = {
    "collect": {"--append-to": (ROLLOUTS,), "--policy": AGENT},
    "train_v": {"--init-from": ("models/v.npz",)},
    "train_m": {"--init-from": ("models/m.npz",)},
    "evolve_c": {"--teacher": AGENT},
    "train_c": {"--init-from": (C,)},
}


class Project(NamedTuple):
    """A project in rounds."""

    kind: str  # env.kind
    name: str  # in the titles of its plots
    folder_names: Mapping[str, str]  # of folders with reports that are no round's, in titles
    round_stages: Sequence[str] = LEARNING  # in their order


def set_options(stage: str, settings: Sequence[str]) -> str:
    """The options of a command that set them."""
    return "".join(f" --set {stage}.{setting}" for setting in settings)


def project_copy(
    project: Project,
    name: str,
    stage: Stage,
    move: Move,
    reports: str,
    demands: Sequence[str] = (),
) -> Stage:
    """A copy of a stage for a project, with reports in a folder."""
    copy = copy_stage(name, stage, move, f"--reports {reports}", (project.kind, *demands))
    round_plots.set_titles(copy, project.name, reports, project.folder_names)
    return copy


def with_cost(stage: Stage) -> Stage:
    """The stage with its cost beside its details."""
    (details,) = [path for path in paths_of(stage["outs"]) if "/details/" in path]
    cost = details.replace("/details/", "/cost/")
    return {**stage, "cmd": f"{stage['cmd']} --cost {cost}", "outs": [*stage["outs"], cost]}


def unplotted(stage: Stage) -> Stage:
    """The stage with its curves among the other outputs; DVC's cache has them, and not git."""
    others = {key: value for key, value in stage.items() if key != "plots"}
    return {**others, "outs": [*stage["outs"], *paths_of(stage.get("plots", []))]}


def with_plain_reports(stage: Stage) -> Stage:
    """The stage with all reports among the other outputs, where there are too many for git."""
    others = {key: value for key, value in unplotted(stage).items() if key != "metrics"}
    return {**others, "outs": [*others["outs"], *paths_of(stage["metrics"])]}


def all_rounds(
    project: Project, root: Mapping[str, Stage], rounds: int, settings: RoundSettings
) -> dict[str, Stage]:
    """The stages of the first round, and of later ones, each given what the one before left.

    Args:
        project: whose they are.
        root: the root's stages, and others that a round has.
        rounds: how many follow the first.
        settings: of each.
    """
    stages: dict[str, Stage] = {}
    for name in project.round_stages:
        copy = project_copy(project, name, root[name], into("rounds/0"), "rounds/0/reports")
        stage = with_cost(copy)
        stage["cmd"] += set_options(name, settings(0).get(name, ()))
        stages[f"{name}0"] = stage
    items = {number: {"before": number - 1} for number in range(1, rounds + 1)}
    own, before = into("rounds/${key}"), into("rounds/${item.before}")
    for name in project.round_stages:
        stages[name] = later_rounds(project, name, root[name], own, before, items, settings)
    return stages


def later_rounds(
    project: Project,
    name: str,
    root: Stage,
    own: Move,
    before: Move,
    items: Mapping[int, Mapping[str, Any]],
    settings: RoundSettings,
) -> Stage:
    """A stage of all rounds after the first.

    Args:
        project: whose it is.
        name: of its script.
        root: as the root has it.
        own: its paths in a round, ${key}.
        before: those of the round before.
        items: what the paths need to know of each round, by number.
        settings: of a round, that differ from the params.
    """
    given = EARLIER.get(name, {})
    reports = own("reports/").rstrip("/")
    stage = with_cost(project_copy(project, name, root, own, reports, tuple(given)))
    for option, paths in given.items():
        stage["cmd"] += f" {option} {' '.join(map(before, paths))}"
    files = [before(path) for paths in given.values() for path in paths]
    if name == "evolve_c":
        stage["cmd"] += f" {own(ROLLOUTS)}"
        files.append(own(ROLLOUTS))
    stage["deps"] = [*files, *stage["deps"]]
    changed = {number: settings(number).get(name, ()) for number in items}
    if any(changed.values()):
        stage["cmd"] += "${item.options}"
        items = {
            number: {**item, "options": set_options(name, changed[number])}
            for number, item in items.items()
        }
    return {"foreach": {number: dict(item) for number, item in items.items()}, "do": stage}


def of_last_round(folder: str, last: str, elsewhere: Mapping[str, str]) -> Move:
    """V, M and their data are those of the last round, but for some files; C, its episodes and
    reports are in this folder.
    """
    own: Move = into(folder) if folder else lambda path: path
    theirs = into(last)

    def move(path: str) -> str:
        if path in elsewhere:
            return elsewhere[path]
        is_own = path.startswith("reports/") or path in (EVOLVED, C, "data/evaluation.h5")
        return (own if is_own else theirs)(path)

    return move
