"""Reads studies, or says in one line what is wrong with a study.yaml.

A study is checked with the params.yaml beside it: whether params have each key that a factor sets,
and take its value.
"""

from __future__ import annotations

import re
import reprlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from tools.rooms import ROOT
from tools.studies import Factor, Study, StudyError, overlap, single_key, text
from worldmodels.pipeline.config.params_errors import explain_error, find_unknown_key
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.config.strict_yaml import read_yaml
from worldmodels.pipeline.errors import UserError

DESCRIPTION = "study.yaml"
PARAMS = "params.yaml"


def study_names() -> list[str]:
    """The names of all studies: the folders below studies/ that have a study.yaml."""
    return sorted(path.parent.name for path in ROOT.glob(f"studies/*/{DESCRIPTION}"))


def study_folder(name: str) -> Path:
    """The folder of a study."""
    return ROOT / "studies" / name


def load_study(name: str) -> Study:
    """The study of this name.

    Raises:
        UserError: see `read_study`.
    """
    return read_study(study_folder(name) / DESCRIPTION)


def read_study(path: Path) -> Study:
    """The study that a file describes.

    Raises:
        UserError: it cannot be read, does not describe a study, or sets what its params refuse;
            the message names the file and the dotted key, what was found and what would be right.
    """
    found, params = read_yaml(path), path.with_name(PARAMS)
    read_params(params)
    try:
        study = _study(found)
        check_settings(study, params, [*study.factors])
    except StudyError as error:
        raise UserError(f"{path}: {error}") from None
    return study


def check_settings(study: Study, params: Path, factors: Sequence[str]) -> None:
    """Raise an error if the params refuse what a combination of these factors sets.

    Args:
        study: whose factors they are.
        params: its params.yaml, which is right by itself.
        factors: their names.

    Raises:
        StudyError: they refuse one.
    """
    for labels in study.combinations(factors):
        settings = {key: text(value) for key, value in study.options(labels).items()}
        try:
            read_params(params, settings, DESCRIPTION)
        except UserError as error:
            problem = error.problem.removeprefix(f"{params}: ")
            problem = problem.removesuffix(f" (not in the file: {DESCRIPTION} says so)")
            raise StudyError(f"{_setter(study, labels, problem)}: {problem}") from None


def _setter(study: Study, labels: Mapping[str, str], problem: str) -> str:
    """Where a study sets the param that a problem begins with; else the whole combination."""
    for name, label in labels.items():
        for key in study.factors[name][label]:
            if re.match(rf"{re.escape(key)}[:.\[]", problem):
                return f"factors.{name}.{label}"
    return f"factors: with {', '.join(map(' '.join, labels.items()))}"


def _study(found: Any) -> Study:
    """The study that the content of a file describes.

    Raises:
        StudyError: it describes none.
    """
    if problem := find_unknown_key(found, Study):
        raise StudyError(problem)
    if isinstance(found, dict):
        fields = msgspec.structs.fields(Study)
        needed = [field.name for field in fields if field.required]
        if missing := [name for name in needed if name not in found]:
            raise StudyError(f"{missing[0]}: missing; a study has {', '.join(needed)}")
        found = {**found, "factors": _factors(found["factors"])}
        found["reference"] = text(found["reference"])
        if isinstance(pairs := found.get("pairs"), list):
            found["pairs"] = [
                [*map(text, pair)] if isinstance(pair, list) else pair for pair in pairs
            ]
        for key in ("labels", "measures"):
            if key in found:
                found[key] = _texts(key, found[key])
    try:
        return msgspec.convert(found, Study)
    except msgspec.ValidationError as error:
        raise StudyError(explain_error(str(error), found, Study)) from None


def _factors(found: Any) -> dict[str, Factor]:
    if not isinstance(found, dict) or not found:
        raise StudyError(f"factors: should be factors by name; found {reprlib.repr(found)}")
    _check_once("factors", found)
    return {text(name): _factor(f"factors.{text(name)}", each) for name, each in found.items()}


def _factor(where: str, found: Any) -> Factor:
    """A factor with its labels."""
    match list(found.items()) if isinstance(found, dict) else ():
        case [(str(key), list(values))] if values:
            _check_once(where, values)
            return single_key(key, values)
        case [_, *_] if all(isinstance(options, dict) for options in found.values()):
            _check_once(where, found)
            labelled = {text(label): options for label, options in found.items()}
        case _:
            raise StudyError(
                f"{where}: should be labels, each with the params that it sets, or one key of the "
                f"params with the list of its values; found {reprlib.repr(found)}"
            )
    for label, options in labelled.items():
        for key in options:
            if not isinstance(key, str):
                raise StudyError(f"{where}.{label}: should set keys of the params; found {key!r}")
        for key, other in combinations(options, 2):
            if overlap(key, other):
                raise StudyError(
                    f"{where}.{label}: should set each param once; found {key} and {other}"
                )
    return labelled


def _texts(where: str, found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise StudyError(f"{where}: should be texts by name; found {reprlib.repr(found)}")
    for name, each in found.items():
        if not isinstance(each, str):
            raise StudyError(f"{where}.{text(name)}: should be text; found {reprlib.repr(each)}")
    _check_once(where, found)
    return {text(name): each for name, each in found.items()}


def _check_once(where: str, names: Iterable[Any]) -> None:
    """Raise an error if two names are the same text."""
    for name, times in Counter(map(text, names)).items():
        if times > 1:
            raise StudyError(f"{where}: should have each name once; found {name!r} {times} times")
