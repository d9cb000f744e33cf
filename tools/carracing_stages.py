"""CarRacing's copies of the root's stages: of a round, with costs, and with what others left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tools import carracing_plots
from tools.stage_copies import Move, Stage, copy_stage, into, not_cached, paths_of

Settings = Mapping[str, Sequence[str]]  # in place of the params, by stage
AGENT = ("models/v.npz", "models/m.npz", "models/c.npz")
EVOLVED = "models/evolved.npz"  # C before its fine-tuning
ROLLOUTS = "data/rollouts.h5"  # of the round whose episodes a teacher labels
LEARNING = ("collect", "train_v", "encode", "train_m", "evolve_c")
FINETUNE: Stage = {
    "desc": "Fine-tune C in the environment",
    "cmd": f"python -m stages.finetune_c models/v.npz models/m.npz {EVOLVED} models/c.npz",
    "deps": ["models/v.npz", "models/m.npz", EVOLVED],
    "outs": ["models/c.npz", "reports/details/finetune_c.json"],
    "params": ["seed", "env", "finetune_c"],
    "metrics": not_cached("reports/metrics/finetune_c.json"),
    "plots": [{"reports/curves/finetune_c.csv": {"cache": False, **carracing_plots.FINETUNE}}],
}
# What a stage is given of the round before, by option.
EARLIER: dict[str, dict[str, tuple[str, ...]]] = {
    "collect": {"--append-to": (ROLLOUTS,), "--policy": AGENT},
    "train_v": {"--init-from": ("models/v.npz",)},
    "train_m": {"--init-from": ("models/m.npz",)},
    "evolve_c": {"--teacher": AGENT},
}


def set_options(stage: str, settings: Sequence[str]) -> str:
    """The options of a command that set them."""
    return "".join(f" --set {stage}.{setting}" for setting in settings)


def carracing_copy(
    name: str, stage: Stage, move: Move, reports: str, demands: Sequence[str] = ()
) -> Stage:
    """A copy of a stage for CarRacing, with reports in a folder."""
    options = f"--reports {reports}"
    copy = copy_stage(name, stage, move, options, ("carracing", *demands))
    carracing_plots.set_titles(copy, reports)
    return copy


def with_cost(stage: Stage) -> Stage:
    """The stage with its cost beside its details."""
    (details,) = [path for path in paths_of(stage["outs"]) if "/details/" in path]
    cost = details.replace("/details/", "/cost/")
    return {**stage, "cmd": f"{stage['cmd']} --cost {cost}", "outs": [*stage["outs"], cost]}


def later_rounds(
    name: str,
    root: Stage,
    own: Move,
    before: Move,
    items: Mapping[int, Mapping[str, Any]],
    settings: Callable[[int], Settings],
) -> Stage:
    """A stage of all rounds after the first.

    Args:
        name: of its script.
        root: as the root has it.
        own: its paths in a round, ${key}.
        before: those of the round before.
        items: what the paths need to know of each round, by number.
        settings: of a round, that differ from the params.
    """
    given = EARLIER.get(name, {})
    stage = with_cost(carracing_copy(name, root, own, own("reports/").rstrip("/"), tuple(given)))
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
        is_own = path.startswith("reports/") or path in (
            *(EVOLVED, "models/c.npz", "data/evaluation.h5"),
        )
        return (own if is_own else theirs)(path)

    return move
