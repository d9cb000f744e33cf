"""Metrics and learning curves: the small files that git keeps and DVC shows."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.outputs import checked, refused


@dataclass(frozen=True)
class Report:
    """What a stage has to say about its work."""

    summary: str  # the closing line: the numbers that matter next to a baseline
    metrics: Mapping[str, Any]  # to reports/metrics/<stage>.json
    curve: Sequence[Row] = ()  # to reports/curves/<stage>.csv, where the stage learns


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """reports/metrics/<stage>.json.

    Raises:
        UserError: a figure is not finite.
    """
    try:
        text = json.dumps(metrics, indent=2, allow_nan=False)
    except ValueError:
        raise UserError(f"a figure is not finite, learning went wrong: {dict(metrics)}") from None
    path.write_text(text + "\n", encoding="utf-8")


def read_metrics(path: Path, stage: str, names: Sequence[str]) -> list[float]:
    """The figures of these dotted names that `stage` left.

    Raises:
        UserError: the file is missing, damaged, or has no such figure.
    """
    with checked(path, stage):
        metrics = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for name in names:
        value = metrics
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if not isinstance(value, int | float) or not abs(value) < math.inf:
            raise refused(path, f"it should have a figure {name!r}, found {value!r}", stage)
        found.append(float(value))
    return found


Row = Mapping[str, float]
LEARNING = ("epoch", "train", "held_out", "baseline")
EVOLUTION = (
    *("generation", "best", "mean", "median"),  # of the fitness
    *("distribution_mean", "champion", "real", "random", "sigma"),
)
POLISH = ("iteration", "tried", "laps", "real")
STUDY = ("temperature", "dreamt", "real", "real_least", "real_most", "lost", "random")
ROUNDS = ("round", "real_return", "core_hours", "real_frames")  # the last two: with all before
CURVES = {  # columns by file, most of which are named for their stage
    "train_v": LEARNING,
    "train_m": LEARNING,
    "evolve_c": EVOLUTION,
    "polish": POLISH,
    "temperature": STUDY,
    "rounds": ROUNDS,
}


def write_curve(path: Path, curve: Sequence[Row], stage: str) -> None:
    """reports/curves/<stage>.csv: a header, and one line a point."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CURVES[stage], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.7g}" for name, value in row.items()} for row in curve)


def read_curve(path: Path, stage: str) -> dict[str, NDArray[np.float64]]:
    """Every column of the curve that `stage` makes.

    Raises:
        UserError: it is missing, or not a table of those columns.
    """
    with checked(path, stage), path.open(newline="", encoding="utf-8") as file:
        text = file.read()
        if not text.endswith("\n"):
            raise ValueError("it is cut off")
        header, *rows = csv.reader(text.splitlines())
        if tuple(header) != CURVES[stage] or {len(row) for row in rows} != {len(header)}:
            raise ValueError(f"it should have lines of {', '.join(CURVES[stage])}")
        values = np.array(rows, np.float64)
        if not np.isfinite(values).all():
            raise ValueError("it holds numbers that are not finite")
        return dict(zip(header, values.T, strict=True))
