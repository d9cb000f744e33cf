"""Scheduled sampling (Bengio et al. 2015): in training, M is given its own predictions of z, too.

Dreams run on them alone. Here whole stretches of a sequence do, so that M learns to be right some
steps ahead, and not only to be corrected by the next recorded z.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.sequences import packed_index

FIRST_STEP = 3  # of a sequence before which no stretch begins: M has to see something first
MIN_STRETCH, MAX_STRETCH = 4, 16  # steps


def own_stretches(
    batch_sizes: NDArray[np.intp], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(N,): the steps of packed sequences in which M is given its own prediction.

    Args:
        batch_sizes: (T,), see `PackedSequences`.
        share: of the sequences, which have a stretch of such steps.
        rng: draws the sequences, and where a stretch begins and ends.
    """
    t, sequence = packed_index(batch_sizes)
    count, steps = int(batch_sizes[0]), len(batch_sizes)
    first = rng.integers(FIRST_STEP, max(FIRST_STEP + 1, steps - MIN_STRETCH), count)
    end = first + rng.integers(MIN_STRETCH, MAX_STRETCH + 1, count)
    end[rng.random(count) >= share] = 0
    return (t >= first[sequence]) & (t < end[sequence])
