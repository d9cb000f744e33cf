"""Which track an episode of `WorldModels/Racing-v0` is on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from worldmodels.envs.racing.camera import MAX_PIXELS, raster_width
from worldmodels.envs.racing.env import MAX_SPEED
from worldmodels.envs.racing.random_track import random_track
from worldmodels.envs.racing.track import Track
from worldmodels.gym.arguments import check_options

# The ranges of `env.random_tracks` in params.yaml.
RADIUS = (8.0, 8.0)
HARMONICS = ((2, (0.6, 1.6)), (3, (0.2, 0.9)))  # order, range of the amplitude
HALF_WIDTH = (1.3, 1.5)

TRACK_OPTION = "track"


def most_tracks(view_reach: float) -> int:
    """The tracks of these ranges that one environment can have, with a view of this reach."""
    max_offset = HALF_WIDTH[1] + MAX_SPEED
    return MAX_PIXELS // raster_width(Track(), view_reach, max_offset) ** 2


class Tracks:
    """Where the tracks of episodes come from.

    Args:
        tracks: "random", a new one for each episode, or "fixed", always that of the reference stub.

    Raises:
        ValueError: it is neither.
    """

    def __init__(self, tracks: Literal["random", "fixed"]) -> None:
        if not isinstance(tracks, str) or tracks not in ("random", "fixed"):
            raise ValueError(f"tracks must be 'random' or 'fixed'; found {tracks!r}")
        self._fixed = Track() if tracks == "fixed" else None

    def draw(self, rng: np.random.Generator, asked: Track | None) -> Track:
        """The track of an episode; that which is asked for, if one is."""
        return asked or self._fixed or random_track(RADIUS, HARMONICS, HALF_WIDTH, rng)


def track_option(options: Mapping[str, Any] | None, *others: str) -> Track | None:
    """The option `track` of a `reset`, None if it is not given.

    Args:
        options: of the reset.
        others: the options that are known besides.

    Raises:
        ValueError: an option is not known, or the track is no `Track` of the usual raster.
    """
    track = check_options(options, TRACK_OPTION, *others).get(TRACK_OPTION)
    if track is None:
        return None
    if not isinstance(track, Track):
        raise ValueError(f"options['track'] must be a worldmodels.gym.Track; found {track!r}")
    usual = Track()
    if (track.samples, track.grid, track.extent) != (usual.samples, usual.grid, usual.extent):
        raise ValueError(
            f"options['track'] must have {usual.samples} samples, a grid of {usual.grid} and an "
            f"extent of {usual.extent}; found {track.samples}, {track.grid} and {track.extent}"
        )
    return track
