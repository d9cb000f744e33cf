"""The sample of a centreline that is nearest to a car, for a batch of cars on any tracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.camera import ONE, X, Y
from worldmodels.envs.racing.track import Track


class NearestSample:
    """Nearest samples, by one matrix product for each track.

    Args:
        tracks: the tracks; all of the same number of samples.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.samples = tracks[0].samples
        self._has_one_track = len(tracks) == 1
        self._matrices = np.stack([_search_matrix(track) for track in tracks])  # (T, 5, samples)
        self._centrelines = np.concatenate([track.centreline for track in tracks]).T.copy()

    def replace_track(self, number: int, track: Track) -> None:
        """Put another track of as many samples in the place of one, while all are in use."""
        self._matrices[number] = _search_matrix(track)
        own = slice(number * self.samples, (number + 1) * self.samples)
        self._centrelines[:, own] = track.centreline.T

    def assign(self, track: NDArray[np.intp]) -> None:
        """Take the number of each car's track, (N,)."""
        self._first_sample = track * self.samples  # in the centrelines of all tracks
        if self._has_one_track:
            return
        # The cars of each track are arranged in a row, so that one product searches each track.
        used, track, cars = np.unique(track, return_inverse=True, return_counts=True)
        order = np.argsort(track, kind="stable")
        first = np.cumsum(cars) - cars
        place = np.arange(len(order)) - first[track[order]]  # within its group
        self._place_of_car = np.empty(len(order), np.intp)
        self._place_of_car[order] = track[order] * cars.max(initial=0) + place
        self._cars_by_track = np.zeros((len(used), cars.max(initial=0)), np.intp)
        self._cars_by_track.flat[self._place_of_car] = np.arange(len(order))
        in_use = len(used) == len(self._matrices)
        self._used_matrices = self._matrices if in_use else self._matrices[used]

    def of(self, pose: NDArray[np.float64]) -> NDArray[np.intp]:
        """(N,): the number of the nearest sample, given poses (N, 5), see `camera`."""
        nearest: NDArray[np.intp]
        if self._has_one_track:
            nearest = (pose @ self._matrices[0]).argmin(axis=1)
            return nearest
        values = pose[self._cars_by_track] @ self._used_matrices  # (tracks, most cars, samples)
        nearest = values.argmin(axis=2).ravel()[self._place_of_car]
        return nearest

    def positions(self, nearest: NDArray[np.intp]) -> NDArray[np.float64]:
        """(2, N): x and y of samples, given their numbers (N,)."""
        return self._centrelines.take(self._first_sample + nearest, axis=1)


def _search_matrix(track: Track) -> NDArray[np.float64]:
    """(5, samples): pose @ this = |c|^2 - 2 c.p, lowest for the sample c nearest to the car at p.

    This is the squared distance less |p|^2, which is the same for all samples.
    """
    matrix = np.zeros((5, track.samples))
    matrix[[X, Y]] = -2 * track.centreline.T
    matrix[ONE] = (track.centreline**2).sum(axis=1)
    return matrix
