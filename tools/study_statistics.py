"""Statistics of a study as Agarwal et al. (2021) recommend them: interquartile means, probabilities
of improvement, and bootstrap intervals.

R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice" (2021);
its library is rliable. Scores are matrices, a row for each run and a column for each task. Here a
run is a training seed and a task is a test track. One difference: the tasks of a benchmark are
given and each is trained for, so that rliable resamples runs for each task apart. Here one training
drives all tracks, and the tracks are a sample themselves. So a resample draws whole rows and whole
columns: the pigeonhole bootstrap (Owen 2007), whose intervals are for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLES = 2000
COVERAGE = 0.95


class Estimate(NamedTuple):
    """A number, and the ends of its interval.

    `format` takes the format of a number: `+.1f` gives +120.3 [+119.8, +120.9].
    """

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        value, low, high = (format(each, spec) for each in self)
        return f"{value} [{low}, {high}]"


class MeanStd(NamedTuple):
    """A mean over seeds and their standard deviation.

    `format` takes the format of a number: `.2f` gives 0.48 ± 0.02. Without one, it has as many
    decimals as show three digits of the mean.
    """

    mean: float
    std: float

    @classmethod
    def of(cls, values: Array) -> MeanStd:
        """Of values (seeds,), of which there are at least two."""
        return cls(float(values.mean()), float(values.std(ddof=1)))

    def __format__(self, spec: str) -> str:
        magnitude = math.floor(math.log10(abs(self.mean))) if self.mean else 0
        spec = spec or f".{max(2 - magnitude, 0)}f"
        return f"{self.mean:{spec}} ± {self.std:{spec.lstrip('+')}}"


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of runs and tracks, the same for all scores, so that differences are paired.

    Attributes:
        runs: (resamples, runs), how often each run is drawn.
        tracks: (resamples, tracks), how often each track is.
    """

    runs: NDArray[np.int64]
    tracks: NDArray[np.int64]
    _resampled: dict[tuple[object, ...], Array] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def of(cls, runs: int, tracks: int, resamples: int = RESAMPLES, seed: int = 0) -> Bootstrap:
        """Resamples of so many runs and tracks."""
        rng = np.random.default_rng(seed)

        def counts(items: int) -> NDArray[np.int64]:
            return rng.multinomial(items, np.full(items, 1 / items), size=resamples)

        return cls(counts(runs), counts(tracks))

    def iqm(self, scores: Array) -> Estimate:
        """The interquartile mean of scores (runs, tracks)."""
        return _estimate(interquartile_mean(scores), self._cached(self._iqms, scores))

    def difference(self, scores: Array, other: Array) -> Estimate:
        """How much larger the interquartile mean of `scores` is; both (runs, tracks)."""
        value = interquartile_mean(scores) - interquartile_mean(other)
        return _estimate(value, self._cached(self._iqms, scores) - self._cached(self._iqms, other))

    def improvement(self, scores: Array, other: Array) -> Estimate:
        """The probability of improvement of `scores` on `other`; both (runs, tracks), as many."""
        value = probability_of_improvement(scores, other)
        return _estimate(value, self._cached(self._improvements, scores, other))

    def _improvements(self, scores: Array, other: Array) -> Array:
        """(resamples,)."""
        wins = _wins(scores, other)
        drawn = np.einsum("bi,bj,ijt,bt->b", self.runs, self.runs, wins, self.tracks, optimize=True)
        runs, _, tracks = wins.shape
        shares: Array = drawn / (runs**2 * tracks)
        return shares

    def _cached(self, resample: Callable[..., Array], *scores: Array) -> Array:
        """The result of a resampling method for these scores, computed once: a page names the same
        settings many times.
        """
        key = (resample.__name__, *(each.tobytes() for each in scores))
        if key not in self._resampled:
            self._resampled[key] = resample(*scores)
        return self._resampled[key]

    def _iqms(self, scores: Array) -> Array:
        """(resamples,)."""
        order = np.argsort(scores, axis=None)
        sorted_scores = scores.ravel()[order]
        size = scores.size
        cut = size // 4
        # How often each score is drawn, and where its copies lie in the sorted resample.
        counts = np.einsum("bi,bt->bit", self.runs, self.tracks).reshape(len(self.runs), size)
        ends = np.cumsum(counts[:, order], axis=1)
        inner = np.clip(ends, cut, size - cut)
        kept = np.diff(inner, axis=1, prepend=cut)
        means: Array = kept @ sorted_scores / (size - 2 * cut)
        return means


def interquartile_mean(scores: Array) -> float:
    """The mean of the middle half of all scores.

    It is the trimmed mean of 25 %: a quarter of the scores, rounded down, is cut off at each end.
    """
    cut = scores.size // 4
    return float(np.sort(scores, axis=None)[cut : scores.size - cut].mean())


def probability_of_improvement(scores: Array, other: Array) -> float:
    """How likely a run of `scores` is to beat one of `other` on a track; ties count for half.

    Both are (runs, tracks). It is the Mann-Whitney statistic as a share of all pairs of runs,
    averaged over tracks.
    """
    return float(_wins(scores, other).mean())


def _wins(scores: Array, other: Array) -> Array:
    """(runs, runs of the other, tracks): 1 where a run of `scores` is better, 1/2 at a tie."""
    first, second = scores[:, None], other[None]
    wins: Array = (first > second) + (first == second) / 2
    return wins


def _estimate(value: float, resampled: Array) -> Estimate:
    """With the percentile interval."""
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(resampled, (tail, 1 - tail))
    return Estimate(value, float(low), float(high))
