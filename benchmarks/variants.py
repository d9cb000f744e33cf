"""A recipe with some of its numbers changed, learned over several seeds, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import drive, learn
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Params
from worldmodels.pipeline.config.reader import read_params

T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """One seed's C on unseen roads."""

    mean_return: float
    worst_return: float
    off_track: int
    validation_return: float
    returns: NDArray[np.float64]  # of every drive
    metrics: Mapping[str, Mapping[str, Any]]  # by stage


def variant(recipe: Path, changes: Mapping[str, Any], seed: int) -> Params:
    """The recipe with other values for some dotted keys.

    Raises:
        UserError: there are no such params.
    """
    return read_params(recipe, {**changes, "seed": seed})


def result(params: Params) -> Result:
    """Learn, and drive the final drives."""
    learned = learn(params)
    drives, report = drive(params, learned)
    final = report.metrics["controller"]
    driven = np.flatnonzero(drives.by_controller)
    metrics = {stage: report.metrics for stage, report in learned.reports.items()}
    return Result(
        final["mean_return"],
        final["worst_return"],
        final["off_track"],
        metrics["evolve_c"]["validation_return"],
        np.array([drives.episode(number).score for number in driven.tolist()]),
        metrics,
    )


def side_by_side(
    function: Callable[[Params], T], variants: Sequence[Params], processes: int
) -> list[T]:
    """What a function makes of each, so many at a time; each then keeps to one core.

    One at a time, each uses as many cores as its params say.
    """
    if processes == 1:
        return [function(params) for params in variants]
    alone = [msgspec.structs.replace(params, compute=INLINE) for params in variants]
    shared = msgspec.structs.replace(INLINE, executor="processes", workers=processes)
    with WorkerPool(function, shared) as workers:
        return workers.map(alone)


def over_seeds(found: Sequence[Result]) -> str:
    """Cells of a table: mean +- std over seeds, the worst drive of all, cars off the road."""
    means = np.array([each.mean_return for each in found])
    worst = min(each.worst_return for each in found)
    off = sum(each.off_track for each in found)
    return f"{means.mean():+.1f} ± {means.std():.1f} | {means.min():+.1f} | {worst:+.1f} | {off}"
