"""Where dreams begin: at what V made of frames of real episodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents
from stages.worlds.dream import Past

FRESH = 5  # of so many dreams that may begin anywhere, one begins where an episode does


class Night(NamedTuple):
    """What all candidates dream: dream i begins at starts[i], after its past, if there is one."""

    starts: NDArray[np.float32]  # (dreams, Z)
    seed: int  # of what happens in them
    past: Past | None = None


class Nights:
    """Draws nights from episodes that were, or were not, held out.

    Args:
        latents: the episodes as V sees them.
        held_out: which of them.
        warm_up: recorded steps that M lives through before a dream, which then begins anywhere in
            an episode of the last round, as long as its return still rose: from where all is lost,
            nothing can be learned; 0: dreams begin with an episode's first frame.
    """

    def __init__(self, latents: Latents, *, held_out: bool, warm_up: int = 0) -> None:
        chosen = latents.held_out == held_out
        self._latents, self._warm_up = latents, warm_up
        if warm_up:
            chosen &= latents.round == latents.round[chosen].max(initial=0)
        self._first_frame = latents.first_frame[:-1][chosen]
        first_step = latents.first_step[:-1][chosen]
        rising = latents.rising()[chosen] if warm_up else latents.lengths[chosen]
        self._since = np.arange(rising.sum()) - np.repeat(np.cumsum(rising) - rising, rising)
        self._step = np.repeat(first_step, rising) + self._since  # of all of these, its number
        self._frame = np.repeat(self._first_frame, rising) + self._since

    def draw(self, episodes: int, rng: np.random.Generator) -> Night:
        """So many dreams."""
        mean = self._latents.mean
        if not self._warm_up:
            frames = self._first_frame[rng.integers(len(self._first_frame), size=episodes)]
            return Night(mean[frames], int(rng.integers(2**63)))
        drawn = rng.integers(len(self._step), size=episodes)
        fresh = np.arange(episodes) % FRESH == 0
        drawn[fresh] -= self._since[drawn[fresh]]
        before = np.arange(-self._warm_up, 0)
        frames, steps = (
            # where there is none, any will do: it is not looked at
            np.maximum(numbers[drawn][:, None] + before, 0)
            for numbers in (self._frame, self._step)
        )
        past = Past(
            mean[frames],
            self._latents.actions[steps],
            np.minimum(self._since[drawn], self._warm_up),
        )
        return Night(mean[self._frame[drawn]], int(rng.integers(2**63)), past)
