"""Roads, as the files of drives on them remember them."""

from __future__ import annotations

from stages.artifacts import RecordedEpisodes
from stages.worlds.track import Track


def track_of(table: RecordedEpisodes, number: int) -> Track:
    """The track of an episode."""
    terms = [(int(order), amplitude, phase) for order, amplitude, phase in table.harmonics[number]]
    return Track(float(table.radius[number]), terms, float(table.half_width[number]))
