"""Stages of the root's pipeline put elsewhere: with folders, params and options of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from tests.support.imports import imported_files

Stage = dict[str, Any]
Move = Callable[[str], str]  # a path of the root's pipeline to one elsewhere


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


def with_files(name: str, stage: Stage) -> Stage:
    """A stage with every file of `stages` that its script imports under its deps."""
    return {**stage, "deps": [*stage["deps"], *sorted(imported_files(f"stages/{name}.py"))]}


def stages_of(pipeline: str) -> dict[str, Stage]:
    stages: dict[str, Stage] = yaml.safe_load(pipeline)["stages"]
    return stages


class _Dumper(yaml.SafeDumper):
    """Without anchors for what stands twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(pipeline: Mapping[str, Any]) -> str:
    text: str = yaml.dump(dict(pipeline), Dumper=_Dumper, sort_keys=False, width=10_000)
    return text
