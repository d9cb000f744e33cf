"""Roads, as the files of drives on them remember them."""

from __future__ import annotations

from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import RacingColumns


def stored_track(table: RacingColumns, number: int) -> Track:
    """The track of an episode.

    Raises:
        UserError: what the table remembers is no road.
    """
    terms = [(int(order), amplitude, phase) for order, amplitude, phase in table.harmonics[number]]
    try:
        return Track(float(table.radius[number]), terms, float(table.half_width[number]))
    except ValueError as error:
        raise UserError(
            f"the road of episode {number} of what stage {table.stage} made is none ({error}); "
            f"run 'dvc repro -f {table.stage}'"
        ) from None
