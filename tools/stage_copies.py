"""Copies of the root's stages for other pipelines: other paths, options and environments."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import yaml

from tools.fast_yaml import parse_yaml
from tools.rooms import dependencies

Stage = dict[str, Any]
Move = Callable[[str], str]  # from a path of the root's pipeline to one of another
CODE = ("stages/", "worldmodels/")


def read_stages(pipeline: str) -> dict[str, Stage]:
    """The stages of a dvc.yaml, by name."""
    stages: dict[str, Stage] = parse_yaml(pipeline)["stages"]
    return stages


def copy_stage(
    name: str, stage: Stage, move: Move, options: str = "", demands: Collection[str] = ("racing",)
) -> Stage:
    """A copy of a stage.

    Args:
        name: of its script.
        stage: as a dvc.yaml has it, with or without the code under its deps.
        move: its paths of data, models and reports in the other pipeline.
        options: of its command, behind the files.
        demands: see `rooms.dependencies`.
    """

    def moved(entry: Any) -> Any:
        if isinstance(entry, dict):
            return {move(path): dict(settings) for path, settings in entry.items()}
        return move(entry)

    files = [path for path in stage.get("deps", []) if not path.startswith(CODE)]
    command = " ".join(map(move, stage["cmd"].split()))
    return {
        "desc": stage["desc"],
        "cmd": f"{command} {options}".rstrip(),
        "deps": [*map(move, files), *dependencies(f"stages/{name}.py", demands)],
        **({"params": list(stage["params"])} if "params" in stage else {}),
        **{
            kind: [moved(entry) for entry in stage[kind]]
            for kind in ("outs", "metrics", "plots")
            if kind in stage
        },
    }


def into(folder: str) -> Move:
    """Moves data, models and reports into a folder."""
    return lambda path: re.sub(r"^(data|models|reports)/", rf"{folder}/\1/", path)


def paths_of(entries: Collection[Any]) -> list[str]:
    """The paths of a stage's deps, outs, metrics or plots."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def not_cached(*paths: str) -> list[dict[str, Any]]:
    """Metrics or plots that git keeps and DVC's cache does not."""
    return [{path: {"cache": False}} for path in paths]


class _Dumper(yaml.SafeDumper):
    """Writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(head: str, pipeline: Mapping[str, Any]) -> str:
    """The text of a dvc.yaml; `head` are the lines of a comment."""
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    text: str = yaml.dump(dict(pipeline), Dumper=_Dumper, sort_keys=False, width=10_000)
    return comment + text
