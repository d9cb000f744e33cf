"""How agents compare on the same tracks of CarRacing: their drives, and the first less the others.

`python -m benchmarks.paired DRIVES.h5 ...` prints a table, with standard errors over tracks.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation

LOST = 600  # points: less is an accident


class Driven(NamedTuple):
    """C's drives, by track."""

    path: Path
    seeds: NDArray[np.int64]
    returns: NDArray[np.float64]
    laps: int

    @classmethod
    def of(cls, path: Path) -> Driven:
        """Those in a file."""
        drives = CarRacingEvaluation.read(path)
        own = np.flatnonzero(drives.by_controller)
        own = own[np.argsort(drives.track_seeds[own])]
        returns = np.array([drives.episode(number).score for number in own.tolist()])
        return cls(path, drives.track_seeds[own], returns, int(drives.finished[own].sum()))

    def row(self, first: Driven) -> str:
        """Of the table.

        Raises:
            ValueError: they were not driven on the tracks of the first.
        """
        if not np.array_equal(self.seeds, first.seeds):
            raise ValueError(f"{self.path}: must be driven on the tracks of {first.path}")
        ahead = first.returns - self.returns
        low, better = (self.returns < LOST).sum(), (ahead > 0).sum()
        cells = [
            f"{self.path} | {mean_of(self.returns)} | {np.median(self.returns):+.0f}",
            f"{self.returns.min():+.0f} | {low} | {self.laps}",
            "" if self is first else f"{mean_of(ahead)}, on {better} of {len(ahead)}",
        ]
        return f"| {' | '.join(cells)} |"


def mean_of(values: NDArray[np.float64]) -> str:
    """With its standard error."""
    return f"{values.mean():+.1f} ± {values.std() / len(values) ** 0.5:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drives", type=Path, nargs="+", help="files of `evaluate`")
    driven = [Driven.of(path) for path in parser.parse_args().drives]
    print(
        f"| drives | mean | median | worst | below {LOST} | whole laps | the first is better by |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for each in driven:
        print(each.row(driven[0]))


if __name__ == "__main__":
    main()
