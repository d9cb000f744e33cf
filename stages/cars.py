"""Cars as the params' `world` describes them."""

from __future__ import annotations

from collections.abc import Sequence

from stages.params import Racing, World
from stages.worlds.racing import RacingWorld
from stages.worlds.track import Track


def racing_world(world: World, tracks: Sequence[Track], cars: int) -> RacingWorld:
    """Cars on these tracks, number i on tracks[i % len(tracks)], seen and cut short as it says."""
    assert isinstance(world, Racing)
    view = world.view
    return RacingWorld(tracks, cars, world.max_steps, view.size, view.channels, view.reach)
