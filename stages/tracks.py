"""From the params' `world` to tracks."""

from __future__ import annotations

from stages.errors import ParamsError
from stages.params import World
from stages.worlds.track import Track


def make_track(world: World) -> Track:
    """The track that the params describe.

    Raises:
        ParamsError: there can be no such road.
    """
    harmonics = [(term.order, term.amplitude, term.phase) for term in world.harmonics]
    try:
        return Track(world.radius, harmonics, world.half_width)
    except ValueError as error:
        keys = "world.radius, world.harmonics, world.half_width"
        raise ParamsError(f"{keys}: {error}") from None
