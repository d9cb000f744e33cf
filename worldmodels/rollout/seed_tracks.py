"""Tracks that are seeds of Gymnasium's reset: some are for tests, all others for training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from worldmodels.pipeline.errors import ParamsError

TEST_SEEDS = 1 << 16  # the seeds below are for tests, and all others for training
SEEDS = 1 << 31


class SeedTracks:
    """The tracks of a `Task` in which a track is a seed.

    Tests have the seeds 0, 1, 2 and so on, the same for everybody. Training draws seeds from 65,536
    to 2^31 - 1, so it never uses one of a test.
    """

    def sample_tracks(self, episodes: int, rng: np.random.Generator) -> list[int]:
        """See `Task`; a seed for each episode."""
        seeds: list[int] = rng.integers(TEST_SEEDS, SEEDS, size=episodes).tolist()
        return seeds

    def test_tracks(self, rng: np.random.Generator) -> Callable[[int], list[int]]:
        """See `Task`; returns the seeds from 0 on, and draws nothing."""
        next_seed = 0

        def next_tracks(episodes: int) -> list[int]:
            nonlocal next_seed
            first, next_seed = next_seed, next_seed + episodes
            if next_seed > TEST_SEEDS:
                raise ParamsError(
                    "evaluate: episodes and baseline_episodes must be at most "
                    f"{TEST_SEEDS}, because there are no more seeds for tests; found more"
                )
            return list(range(first, next_seed))

        return next_tracks
