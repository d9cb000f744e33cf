"""Metrics, details and learning curves: the small files that a stage writes about its work."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import file_error, readable

Row = Mapping[str, float]

TRAINING = ("epoch", "train", "held_out", "baseline")
EVOLUTION = (
    *("generation", "best", "mean", "median"),  # of the fitness
    *("distribution_mean", "incumbent", "validation", "baseline", "sigma"),
)
FINETUNING = ("iteration", "train_return", "lap_fraction", "validation")
POLICY_GRADIENT = ("iteration", "dream_return", "explained_variance", "clip_fraction", "validation")
OF_DREAMS = (  # of a C whose dreams stage evaluate_dream has scored
    *("dream_return_stderr", "env_return_stderr", "fire_share", "env_fire_share", "still_return"),
)
TEMPERATURES = (
    *("temperature", "dream_return", "env_return", "env_return_min", "env_return_max"),
    *("off_track_share", "baseline", *OF_DREAMS),
)
CONTROLS = (  # returns at each percentile of the episodes, by policy
    *("percentile", "controller", "random", "still", "left", "sweep", "own_actions"),
)
DREAMS = ("percentile", "dream", "game")  # returns at each percentile of C's dreams and games
FORECASTS = ("steps", "foretold", "foretold_later", "hazard", "real_hazard", "auc")
ROUNDS = ("round", "validation", "core_hours", "env_frames")  # the last two are cumulative
CURVES = {  # columns by file, most of which are named for their stage
    "train_v": TRAINING,
    "train_m": TRAINING,
    "evolve_c": EVOLUTION,
    "finetune_c": FINETUNING,
    "train_c": POLICY_GRADIENT,
    "temperature_study": TEMPERATURES,
    "rounds": ROUNDS,
    "evaluate_controls": CONTROLS,
    "evaluate_dream": DREAMS,
    "forecast_ends": FORECASTS,
}
OPTIONAL = {"temperature_study": {"off_track_share", *OF_DREAMS}}  # columns that may be missing


@dataclass(frozen=True)
class StageResult:
    """What a stage reports about its work."""

    summary: str  # the closing line: the numbers that matter, beside a baseline
    metrics: Mapping[str, float] = field(default_factory=dict)  # reports/metrics/<stage>.json
    details: Mapping[str, Any] = field(default_factory=dict)  # reports/details/<stage>.json
    curve: Sequence[Row] = ()  # reports/curves/<stage>.csv, where the stage learns


def metrics_path(reports: Path, stage: str) -> Path:
    """The few numbers to compare runs by, which DVC shows as metrics."""
    return reports / "metrics" / f"{stage}.json"


def details_path(reports: Path, stage: str) -> Path:
    """All other numbers of a stage."""
    return reports / "details" / f"{stage}.json"


def curve_path(reports: Path, name: str) -> Path:
    """A learning curve."""
    return reports / "curves" / f"{name}.csv"


def write_json(path: Path, numbers: Mapping[str, Any]) -> None:
    """Write metrics or details.

    Raises:
        UserError: a number is not finite.
    """
    try:
        text = json.dumps(numbers, indent=2, allow_nan=False)
    except ValueError:
        raise UserError(f"a number is not finite, learning diverged: {dict(numbers)}") from None
    path.write_text(text + "\n", encoding="utf-8")


def read_numbers(path: Path, stage: str, names: Sequence[str | tuple[str, ...]]) -> list[float]:
    """The numbers of these dotted names in the metrics or details of `stage`.

    Of several names in a tuple it is the number of the first that is there.

    Raises:
        UserError: the file is missing, damaged, or has no such number.
    """
    with readable(path, stage):
        content = json.loads(path.read_text(encoding="utf-8"))
    numbers = []
    for each in names:
        several = (each,) if isinstance(each, str) else each
        values = [_value(content, name) for name in several]
        value = next((value for value in values if value is not None), None)
        if not isinstance(value, int | float) or not abs(value) < math.inf:
            wanted = " or ".join(map(repr, several))
            raise file_error(path, f"it should have a number {wanted}, found {value!r}", stage)
        numbers.append(float(value))
    return numbers


def _value(content: Any, name: str) -> Any:
    """What stands under a dotted name; None if nothing does."""
    for step in name.split("."):
        content = content.get(step) if isinstance(content, dict) else None
    return content


def write_curve(path: Path, curve: Sequence[Row], name: str) -> None:
    """Write a curve of CURVES, of at least a point, as CSV: a header, and one line a point."""
    columns = _columns(name, curve[0])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.7g}" for key, value in row.items()} for row in curve)


def read_curve(path: Path, name: str) -> dict[str, NDArray[np.float64]]:
    """The columns of a curve of CURVES.

    Raises:
        UserError: it is missing, or not a table of those columns.
    """
    with readable(path, name), path.open(newline="", encoding="utf-8") as file:
        text = file.read()
        if not text.endswith("\n"):
            raise ValueError("it is cut off")
        header, *rows = csv.reader(text.splitlines())
        if header != _columns(name, header) or {len(row) for row in rows} != {len(header)}:
            raise ValueError(f"it should have lines of {', '.join(_columns(name, header))}")
        values = np.array(rows, np.float64)
        if not np.isfinite(values).all():
            raise ValueError("it holds numbers that are not finite")
        return dict(zip(header, values.T, strict=True))


def _columns(name: str, there: Container[str]) -> list[str]:
    """The columns of a curve of CURVES, of the optional ones those that are there."""
    optional = OPTIONAL.get(name, set())
    return [column for column in CURVES[name] if column in there or column not in optional]
