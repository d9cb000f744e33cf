"""The results of a study: the returns of each setting, and the value of the tuned factor in it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from tools.study_pipelines import Study
from tools.study_statistics import Array, Bootstrap, interquartile_mean
from worldmodels.pipeline.file_errors import readable


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
    """

    label: str
    scores: Array
    off_track: Array
    chosen: Sequence[str] = ()
    by_value: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """The results of a study, by setting, and the commit of the code that they come from."""

    study: Study
    commit: str
    settings: Mapping[str, Setting]

    @property
    def bootstrap(self) -> Bootstrap:
        """Resamples of the study's seeds and tracks."""
        return Bootstrap.of(*next(iter(self.settings.values())).scores.shape)


def read_results(study: Study, path: Path) -> Results:
    """The results of a study, which its last stage writes into the file.

    Raises:
        UserError: the file is missing or damaged, or a C is not in it.
    """
    with readable(path, "study_results"):
        commit, cells = _read_cells(study, path)
    compared = [map(str, values) for key, values in study.factors.items() if key != study.tuned]
    tuned = [str(value) for value in study.factors[study.tuned]] if study.tuned else []
    settings = {}
    for levels in product(*compared):
        by_value = {value: cells[(*levels, value)] for value in tuned}
        chosen = chosen_by_other_seeds({value: each[:, 1:] for value, each in by_value.items()})
        found = [by_value[value][seed] for seed, value in enumerate(chosen)] or cells[levels]
        off_track, *returns = np.array(found).T
        settings["-".join(levels)] = Setting(
            label=", ".join(study.labels.get(level, level) for level in levels),
            scores=np.array(returns).T,
            off_track=off_track,
            chosen=chosen,
            by_value={value: each[:, 1:] for value, each in by_value.items()},
        )
    return Results(study, commit, settings)


def chosen_by_other_seeds(scores: Mapping[str, Array]) -> list[str]:
    """For each seed, whose scores (seeds, tracks) are the highest over the other seeds."""
    seeds = len(next(iter(scores.values()), ()))
    return [
        max(scores, key=lambda value: interquartile_mean(np.delete(scores[value], seed, axis=0)))
        for seed in range(seeds)
    ]


def _read_cells(study: Study, path: Path) -> tuple[str, dict[tuple[str, ...], Array]]:
    """The commit; and by the values of the factors (seeds, 1 + tracks): off_track and returns.

    Raises:
        KeyError, ValueError: a line or a column is missing, or is not as it should be.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = (*study.factors, "seed")
    by_cell = {tuple(row[key] for key in keys): row for row in rows}
    numbers = ["off_track", *(name for name in rows[0] if name.startswith("track_"))]
    (commit,) = {row["commit"] for row in rows}

    def numbers_of(cell: tuple[str, ...]) -> list[str]:
        if cell not in by_cell:
            missing = ", ".join(map(" ".join, zip(keys, cell, strict=True)))
            raise ValueError(f"it should have a line of {missing}")
        return [by_cell[cell][name] for name in numbers]

    seeds = [str(seed) for seed in study.seeds]
    cells = {
        cell: np.array([numbers_of((*cell, seed)) for seed in seeds], np.float64)
        for cell in product(*(map(str, values) for values in study.factors.values()))
    }
    return commit, cells
