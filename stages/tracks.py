"""Roads, as the params' `world` describes them."""

from __future__ import annotations

import numpy as np

from stages.errors import ParamsError
from stages.params import Racing, World
from stages.worlds.random_track import random_track
from stages.worlds.track import Track


class Roads:
    """Where episodes are driven: all on the note's road, or each on a new one.

    Raises:
        ParamsError: there can be no such road.
    """

    def __init__(self, world: World) -> None:
        assert isinstance(world, Racing)
        self._world = world
        self._note: list[Track] = []
        if world.tracks == "note":
            harmonics = [(term.order, term.amplitude, term.phase) for term in world.note.harmonics]
            try:
                self._note = [Track(world.note.radius, harmonics, world.note.half_width)]
            except ValueError as error:
                keys = "world.note.radius, world.note.harmonics, world.note.half_width"
                raise ParamsError(f"{keys}: {error}") from None

    def draw(self, episodes: int, rng: np.random.Generator) -> list[Track]:
        """Tracks for so many episodes: the one of all of them, or one each.

        Raises:
            ParamsError: the ranges hold hardly any road.
        """
        if self._note:
            return self._note
        ranges = self._world.random
        harmonics = [(term.order, term.amplitude) for term in ranges.harmonics]
        try:
            return [
                random_track(ranges.radius, harmonics, ranges.half_width, rng)
                for _ in range(episodes)
            ]
        except ValueError as error:
            keys = "world.random.radius, world.random.harmonics, world.random.half_width"
            raise ParamsError(f"{keys}: {error}") from None
