"""Agents on the same tracks of CarRacing: their returns, and the first one's less the others'.

`python -m benchmarks.paired_comparison EVALUATION.h5 ...` prints a table, with standard errors over
tracks.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.command_errors import errors_in_a_line
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation

LOW_RETURN = 600  # of an episode with an accident


class TrackReturns(NamedTuple):
    """C's episodes in a file, one a track, in the order of the tracks."""

    path: Path
    track_seeds: NDArray[np.int64]
    returns: NDArray[np.float64]
    laps: int  # episodes that finished the lap

    @classmethod
    def read(cls, path: Path) -> TrackReturns:
        """Read a file of `evaluate`.

        Raises:
            UserError: it is missing or damaged.
        """
        table = CarRacingEvaluation.read(path)
        own = np.flatnonzero(table.by_controller)
        own = own[np.argsort(table.track_seeds[own])]
        returns = np.array([table.episode(number).rewards.sum() for number in own.tolist()])
        return cls(path, table.track_seeds[own], returns, int(table.finished[own].sum()))

    def row(self, first: TrackReturns) -> str:
        """A line of the table.

        Raises:
            UserError: these are other tracks than those of the first file.
        """
        if not np.array_equal(self.track_seeds, first.track_seeds):
            raise UserError(f"{self.path}: its tracks should be those of {first.path}")
        difference = first.returns - self.returns
        low, better = (self.returns < LOW_RETURN).sum(), (difference > 0).sum()
        cells = [
            f"{self.path} | {mean_and_stderr(self.returns)} | {np.median(self.returns):+.0f}",
            f"{self.returns.min():+.0f} | {low} | {self.laps}",
            ""
            if self is first
            else f"{mean_and_stderr(difference)}, better on {better} of {len(difference)}",
        ]
        return f"| {' | '.join(cells)} |"


def mean_and_stderr(values: NDArray[np.float64]) -> str:
    """The mean and its standard error, as text."""
    return f"{values.mean():+.1f} ± {values.std() / len(values) ** 0.5:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evaluation", type=Path, nargs="+", help="files of `evaluate`")
    paths = parser.parse_args().evaluation
    with errors_in_a_line("paired_comparison"):
        agents = [TrackReturns.read(path) for path in paths]
        rows = [agent.row(agents[0]) for agent in agents]
    print(
        f"| agent | mean | median | worst | below {LOW_RETURN} | whole laps "
        "| the first less this one, track by track |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
