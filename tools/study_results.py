"""The results of a study: returns and measures of each setting, and its tuned factor's value."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np

from tools.studies import Study
from tools.study_reader import load_study, study_folder
from tools.study_statistics import Array, Bootstrap, interquartile_mean
from worldmodels.pipeline.errors import UserError

RESULTS = "results.csv"
_Cells = Mapping[tuple[str, ...], Array]  # by the labels of all factors


@dataclass(frozen=True)
class Setting:
    """What is compared: all Cs with the same values of the factors but for the tuned one.

    Attributes:
        label: as the page names it.
        scores: (seeds, tracks), the returns; with the tuned factor at `chosen`.
        off_track: (seeds,), episodes that ended off the track.
        chosen: the tuned factor's value for each seed: the one with the highest interquartile mean
            over the *other* seeds, so that no C is chosen by its own returns.
        by_value: the scores with each value of the tuned factor.
        measures: (seeds,) of each measure; with the tuned factor at `chosen`.
    """

    label: str
    scores: Array
    off_track: Array
    chosen: Sequence[str] = ()
    by_value: Mapping[str, Array] = field(default_factory=dict)
    measures: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """The results of a study, and the commit of the code that they come from.

    Attributes:
        groups: the settings by their labels, by the label of their group; "" if the study has no
            groups.
    """

    study: Study
    commit: str
    groups: Mapping[str, Mapping[str, Setting]]

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Resamples of the study's seeds and tracks."""
        return Bootstrap.of(*self._any.scores.shape)

    @property
    def tracks(self) -> int:
        """The number of test tracks."""
        return int(self._any.scores.shape[1])

    @property
    def _any(self) -> Setting:
        return next(iter(next(iter(self.groups.values())).values()))


class UnfinishedError(UserError):
    """A study does not have yet what its page and its figure are made of."""


def load_results(name: str) -> Results:
    """The results of the study of this name.

    Raises:
        UnfinishedError: it has not been run.
        UserError: it is wrong, or its results are not those of the study.
    """
    study, path = load_study(name), study_folder(name) / RESULTS
    command = f"python -m tools.dvc_pipelines && make study-{name}"
    if not path.exists():
        raise UnfinishedError(f"{path}: no such file", f"run '{command}'")
    return read_results(study, path, command)


def read_results(study: Study, path: Path, command: str) -> Results:
    """The results of a study, which its last stage writes into the file.

    Args:
        study: whose.
        path: of the file.
        command: that makes it, for errors.

    Raises:
        UserError: the file is damaged, a C is not in it, or one is that is not the study's.
    """
    try:
        commit, cells = _read_cells(study, path)
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path}: {error}", f"run '{command}'") from None
    groups = [*study.factors[study.groups]] if study.groups else [""]
    return Results(study, commit, {group: _settings(study, cells, group) for group in groups})


def _settings(study: Study, cells: _Cells, group: str) -> dict[str, Setting]:
    """The settings of a group."""
    settings, first = {}, len(study.measures) + 1  # column of returns
    for labels in product(*(study.factors[name] for name in study.compared)):
        setting = dict(zip(study.compared, labels, strict=True))
        if study.groups:
            setting[study.groups] = group
        found = {  # (seeds, measures + 1 + tracks), by the value of the tuned factor
            cell.get(study.tuned, ""): cells[tuple(cell.values())]
            for cell in study.combinations([*study.factors])
            if setting.items() <= cell.items()
        }
        by_value = {value: each[:, first:] for value, each in found.items() if study.tuned}
        chosen = chosen_by_other_seeds(by_value)
        of_chosen = [found[value][seed] for seed, value in enumerate(chosen)]
        numbers = np.array(of_chosen) if chosen else found[""]
        settings["-".join(labels)] = Setting(
            label=", ".join(map(study.label, labels)),
            scores=numbers[:, first:],
            off_track=numbers[:, first - 1],
            chosen=chosen,
            by_value=by_value,
            measures=dict(zip(study.measures, numbers.T, strict=False)),
        )
    return settings


def chosen_by_other_seeds(scores: Mapping[str, Array]) -> list[str]:
    """For each seed, whose scores (seeds, tracks) are the highest over the other seeds."""
    seeds = len(next(iter(scores.values()), ()))
    return [
        max(scores, key=lambda value: interquartile_mean(np.delete(scores[value], seed, axis=0)))
        for seed in range(seeds)
    ]


def _read_cells(study: Study, path: Path) -> tuple[str, _Cells]:
    """The commit; and by the labels of the factors (seeds, measures + 1 + tracks): the measures,
    off_track and returns.

    Raises:
        ValueError, csv.Error: a line or a column is missing, unknown, or not as it should be.
    """
    head, *lines = [*csv.reader(path.read_text(encoding="utf-8").splitlines())] or [[]]
    tracks = [name for name in head if name.startswith("track_")]
    numbers = [*study.measures, "off_track", *(tracks or ["track_0"])]
    _check_columns(head, ["commit", "seed", *study.factors, *numbers])
    seeds = [str(seed) for seed in study.seeds]
    labels = {**{name: [*factor] for name, factor in study.factors.items()}, "seed": seeds}
    cells = [tuple(cell.values()) for cell in study.combinations([*study.factors])]
    wanted = [(*cell, seed) for cell in cells for seed in seeds]
    found: dict[tuple[str, ...], list[float]] = {}
    commits = set()
    for number, line in enumerate(lines, 2):
        where = f"line {number}"
        if len(line) != len(head):
            raise ValueError(f"{where}: should have {len(head)} values; found {len(line)}")
        row = dict(zip(head, line, strict=True))
        cell = tuple(_label(row[name], known, f"{where}: {name}") for name, known in labels.items())
        if cell in found or cell not in wanted:
            problem = "has a line already" if cell in found else "is excluded from the study"
            raise ValueError(f"{where}: {_words(labels, cell)} {problem}")
        found[cell] = [_number(row[name], f"{where}: {name}") for name in numbers]
        commits.add(row["commit"])
    for cell in wanted:
        if cell not in found:
            raise ValueError(f"should have a line of {_words(labels, cell)}; found none")
    if len(commits) > 1:
        raise ValueError(
            f"commit: should be the same in all lines; found {' '.join(sorted(commits))}"
        )
    by_cell = {cell: np.array([found[(*cell, seed)] for seed in seeds]) for cell in cells}
    return commits.pop(), by_cell


def _check_columns(head: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise an error unless a table has exactly these columns, each once.

    Raises:
        ValueError: it has others.
    """
    for name in wanted:
        if name not in head:
            raise ValueError(f"should have a column {name}; found none")
    for name, times in Counter(head).items():
        if name not in wanted or times > 1:
            problem = "is there twice" if name in wanted else "is no factor or measure of the study"
            raise ValueError(f"column {name!r}: {problem}")


def _words(names: Iterable[str], cell: Sequence[str]) -> str:
    """A cell as people read it: `sigma 0.1, seed 3`."""
    return ", ".join(map(" ".join, zip(names, cell, strict=True)))


def _label(text: str, known: Sequence[str], where: str) -> str:
    if text not in known:
        raise ValueError(f"{where}: should be one of {', '.join(known)}; found {text!r}")
    return text


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{where}: should be a number; found {text!r}")
    return number
