"""The columns of recorded episodes: those of all environments, and those that one adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.episode import Episode, RacingEpisode
from worldmodels.pipeline.storage.frames import LazyArray
from worldmodels.pipeline.storage.tables import Episodes, Field


@dataclass(frozen=True)
class EpisodeTable(Episodes):
    """Recorded episodes: the columns that all environments have."""

    terminated: Annotated[NDArray[np.bool_], Field("bool", "episodes", "far off the road")]
    lap_fraction: Annotated[NDArray[np.float64], Field("float64", "episodes", "laps, signed")]
    observations: Annotated[
        LazyArray, Field("uint8", "frames height width channels", "255 is white", large=True)
    ]
    actions: Annotated[NDArray[np.float32], Field("float32", "steps actions", "in [-1, 1]")]
    rewards: Annotated[NDArray[np.float64], Field("float64", "steps", "of each step")]

    def episode(self, number: int) -> Episode:
        """The episode of that number."""
        frames, steps = self._rows(number)
        return Episode(self.observations[frames], self.actions[steps], self.rewards[steps])

    def _rows(self, number: int) -> tuple[slice, slice]:
        """The rows of an episode in columns over frames, and over steps."""
        ends = slice(number, number + 2)
        return slice(*self.first_frame[ends]), slice(*self.first_step[ends])


@dataclass(frozen=True)
class RacingColumns(EpisodeTable):
    """The columns that the racing environment adds: states and tracks."""

    states: Annotated[
        NDArray[np.float64],
        Field("float64", "frames 4", "x, y (world units), heading (rad), speed"),
    ]
    distances: Annotated[
        NDArray[np.float64], Field("float64", "frames", "from the centreline, world units")
    ]
    radius: Annotated[NDArray[np.float64], Field("float64", "episodes", "of the track")]
    harmonics: Annotated[
        NDArray[np.float64],
        Field("float64", "episodes terms 3", "of the track: order, amplitude, phase"),
    ]
    half_width: Annotated[NDArray[np.float64], Field("float64", "episodes", "of the road")]

    def episode(self, number: int) -> RacingEpisode:
        """The episode of that number."""
        frames, steps = self._rows(number)
        return RacingEpisode(
            self.observations[frames],
            self.actions[steps],
            self.rewards[steps],
            self.states[frames],
            self.distances[frames],
        )


@dataclass(frozen=True)
class SeedColumn(EpisodeTable):
    """The column that environments of Gymnasium add: seeds, which stand for tracks."""

    track_seeds: Annotated[NDArray[np.int64], Field("int64", "episodes", "of Gymnasium's reset")]


@dataclass(frozen=True)
class CarRacingColumns(SeedColumn):
    """The columns that CarRacing adds: seeds of the tracks, and finished laps."""

    finished: Annotated[NDArray[np.bool_], Field("bool", "episodes", "finished the lap")]


@dataclass(frozen=True)
class DoomColumns(EpisodeTable):
    """The columns that Doom adds: seeds of the games, and health. Rewards are the tics of steps."""

    track_seeds: Annotated[NDArray[np.int64], Field("int64", "episodes", "of the game")]
    health: Annotated[
        NDArray[np.int64], Field("int64", "frames", "100 at first, 0 or less at death")
    ]
