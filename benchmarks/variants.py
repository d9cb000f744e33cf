"""Recipes with some params changed, trained and evaluated over several seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import learn, run_evaluate
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Params
from worldmodels.pipeline.config.reader import read_params

T = TypeVar("T")

RECIPES = Path("recipes")


@dataclass(frozen=True)
class Score:
    """Test returns of the C of one seed."""

    mean_return: float
    worst_return: float
    off_track: int  # episodes
    returns: NDArray[np.float64]  # by episode


def recipe_path(name: str) -> Path:
    """The params of a recipe."""
    return RECIPES / name / "params.yaml"


def variant(path: Path, changes: Mapping[str, Any], seed: int) -> Params:
    """The params of a file with another seed, and other values for some dotted keys.

    Raises:
        UserError: there are no such params.
    """
    return read_params(path, {**changes, "seed": seed})


def train_and_evaluate(params: Params) -> Score:
    """The test returns of an agent that is trained from scratch."""
    episodes, result = run_evaluate(params, learn(params))
    summary = result.details["controller"]
    numbers = np.flatnonzero(episodes.by_controller).tolist()
    return Score(
        summary["mean_return"],
        summary["worst_return"],
        summary["off_track"],
        np.array([episodes.episode(number).rewards.sum() for number in numbers]),
    )


def parallel_map(
    function: Callable[[Params], T], variants: Sequence[Params], processes: int
) -> list[T]:
    """The function's results for all variants, that many at a time.

    With more than one process, each variant runs on one core; with one, on as many as its params
    say.
    """
    if processes == 1:
        return [function(params) for params in variants]
    inline = [msgspec.structs.replace(params, compute=INLINE) for params in variants]
    compute = msgspec.structs.replace(INLINE, executor="processes", workers=processes)
    with WorkerPool(function, compute) as workers:
        return workers.map(inline)


def summary_cells(scores: Sequence[Score]) -> str:
    """Cells of a table: mean +- std over seeds, lowest seed, worst episode, episodes off track."""
    means = np.array([score.mean_return for score in scores])
    worst = min(score.worst_return for score in scores)
    off = sum(score.off_track for score in scores)
    return f"{means.mean():+.1f} ± {means.std():.1f} | {means.min():+.1f} | {worst:+.1f} | {off}"
