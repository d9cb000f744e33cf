"""The tracks of recorded episodes."""

from __future__ import annotations

from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.episode_tables import RacingColumns


def stored_track(table: RacingColumns, number: int) -> Track:
    """The track of an episode, from its columns in a table.

    Raises:
        UserError: the columns describe no valid track.
    """
    terms = [(int(order), amplitude, phase) for order, amplitude, phase in table.harmonics[number]]
    try:
        return Track(float(table.radius[number]), terms, float(table.half_width[number]))
    except ValueError as error:
        raise UserError(
            f"the track of episode {number} in the output of stage {table.stage} is not valid "
            f"({error}); run 'dvc repro {table.stage}'"
        ) from None
