"""The results of a study: returns and measures of each setting, and its tuned factor's value."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from tools.studies import Study
from tools.study_reader import load_study, study_folder
from tools.study_statistics import Array, Bootstrap, interquartile_mean
from worldmodels.pipeline.file_errors import readable

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

    @property
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


def load_results(name: str) -> Results:
    """The results of the study of this name.

    Raises:
        UserError: it is wrong, or its results are missing or damaged.
    """
    return read_results(load_study(name), study_folder(name) / RESULTS)


def read_results(study: Study, path: Path) -> Results:
    """The results of a study, which its last stage writes into the file.

    Raises:
        UserError: the file is missing or damaged, or a C is not in it.
    """
    with readable(path, "study_results"):
        commit, cells = _read_cells(study, path)
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
        KeyError, ValueError: a line or a column is missing, or is not as it should be.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = (*study.factors, "seed")
    by_cell = {tuple(row[key] for key in keys): row for row in rows}
    tracks = [name for name in rows[0] if name.startswith("track_")]
    numbers = [*study.measures, "off_track", *tracks]
    (commit,) = {row["commit"] for row in rows}

    def numbers_of(cell: tuple[str, ...]) -> list[str]:
        if cell not in by_cell:
            missing = ", ".join(map(" ".join, zip(keys, cell, strict=True)))
            raise ValueError(f"it should have a line of {missing}")
        return [by_cell[cell][name] for name in numbers]

    seeds = [str(seed) for seed in study.seeds]
    cells = {
        cell: np.array([numbers_of((*cell, seed)) for seed in seeds], np.float64)
        for cell in (tuple(each.values()) for each in study.combinations([*study.factors]))
    }
    return commit, cells
