"""Small tables of episodes with random content."""

from __future__ import annotations

from typing import Any

import numpy as np

from worldmodels.pipeline.storage.artifacts import RacingRollouts


def make_racing_rollouts(**changes: Any) -> RacingRollouts:
    """Three episodes, the last of them held out, with other values for some columns."""
    lengths = np.array([3, 1, 4])
    rng = np.random.default_rng(0)
    arrays = {
        "lengths": lengths,
        "held_out": np.array([False, False, True]),
        "round": np.array([0, 0, 1]),
        "terminated": np.array([True, True, False]),
        "lap_fraction": rng.random(3),
        "observations": rng.integers(0, 2, (11, 4, 4, 1), np.uint8) * np.uint8(255),
        "states": rng.standard_normal((11, 4)),
        "distances": rng.random(11),
        "actions": rng.standard_normal((8, 2)).astype(np.float32),
        "rewards": rng.standard_normal(8),
        "radius": np.full(3, 8.0),
        "harmonics": rng.standard_normal((3, 2, 3)),
        "half_width": np.full(3, 1.4),
    }
    return RacingRollouts(**{**arrays, **changes})


def make_carracing_table(kind: Any, **columns: Any) -> Any:
    """A table of CarRacing: the columns that it shares with racing rollouts, and its own."""
    table = make_racing_rollouts()
    shared = set(kind.schema()) & set(table.schema())
    arrays = {name: getattr(table, name) for name in shared}
    seeds, finished = np.array([70_000, 0, 2**31 - 1]), np.array([True, False, True])
    return kind(**arrays, **columns, track_seeds=seeds, finished=finished)
