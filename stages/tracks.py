"""From the params' `world` to tracks."""

from __future__ import annotations

from stages.errors import UserError
from stages.params import World
from stages.worlds.track import Track


def make_track(world: World) -> Track:
    """The track that the params describe.

    Raises:
        UserError: there can be no such road.
    """
    harmonics = [(term.order, term.amplitude, term.phase) for term in world.harmonics]
    try:
        return Track(world.radius, harmonics, world.half_width)
    except ValueError as error:
        raise UserError(f"params: world.radius, harmonics, half_width: {error}") from None
