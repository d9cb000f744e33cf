"""What happens when a car touches the road: Gymnasium's, in fewer steps."""

from __future__ import annotations

from typing import Any

from gymnasium.envs.box2d.car_racing import FrictionDetector


class TileContacts(FrictionDetector):  # type: ignore[misc]
    """Gymnasium's `FrictionDetector`, which colours each tile once.

    A tile is touched by a wheel or by the hull. Both give it the colour of the road, but only
    wheels visit it.

    Args:
        env: a `CarRacing` after its reset, where no tile has the attribute `touched`.
        colours: of all polygons, where a tile's is changed.
        numbers: of the tiles' polygons, in the order of the tiles.
    """

    def __init__(self, env: Any, colours: list[tuple[int, ...]], numbers: list[int]) -> None:
        super().__init__(env, env.lap_complete_percent)
        self._colours = colours
        self._numbers = numbers
        self._road_colour = tuple(map(int, env.road_color))
        self._touched = [False] * len(numbers)

    def BeginContact(self, contact: Any) -> None:  # noqa: N802
        """Colour the tile; where a wheel visits it for the first time, do what Gymnasium does."""
        tile, wheel = _tile_and_wheel(contact)
        if not self._touched[tile.idx]:
            self._touched[tile.idx] = True
            tile.color[:] = self._road_colour
            self._colours[self._numbers[tile.idx]] = self._road_colour
        if wheel is None:
            return
        if tile.road_visited:
            wheel.tiles.add(tile)
        else:
            self._contact(contact, begin=True)

    def EndContact(self, contact: Any) -> None:  # noqa: N802
        """Let a wheel leave a tile."""
        tile, wheel = _tile_and_wheel(contact)
        if wheel is not None:
            wheel.tiles.remove(tile)


def _tile_and_wheel(contact: Any) -> tuple[Any, Any]:
    """The tile of a contact, and the wheel, or None if it is the hull that touches the tile."""
    first, second = contact.fixtureA.body.userData, contact.fixtureB.body.userData
    if first is not None and "road_friction" in first.__dict__:
        return first, second
    return second, first
