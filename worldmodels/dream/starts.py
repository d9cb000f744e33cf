"""Where dreams begin: at what V made of frames of real episodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from worldmodels.dream.env import Past
from worldmodels.pipeline.storage.artifacts import Latents

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
            an episode of the last rounds, as long as its return still rose; 0: dreams begin with an
            episode's first frame.
        recent: how many rounds those are.
        lost: share of dreams after a warm-up that begin where it rose no more, so that what follows
            a bend overshot is dreamt of often enough to be learned from.
    """

    def __init__(
        self,
        latents: Latents,
        *,
        held_out: bool,
        warm_up: int = 0,
        recent: int = 1,
        lost: float = 0.0,
    ) -> None:
        chosen = latents.held_out == held_out
        self._latents, self._warm_up, self._lost = latents, warm_up, lost
        if warm_up:
            chosen &= latents.round > latents.round[chosen].max(initial=0) - recent
        self._first_frame = latents.first_frame[:-1][chosen]
        first_step = latents.first_step[:-1][chosen]
        lengths = latents.lengths[chosen]
        self._since = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        self._step = np.repeat(first_step, lengths) + self._since  # of all of these, its number
        self._frame = np.repeat(self._first_frame, lengths) + self._since
        rising = self._since < np.repeat(latents.rising()[chosen], lengths)
        self._rising, self._falling = np.flatnonzero(rising), np.flatnonzero(~rising)

    def draw(self, episodes: int, rng: np.random.Generator) -> Night:
        """So many dreams."""
        mean = self._latents.mean
        if not self._warm_up:
            frames = self._first_frame[rng.integers(len(self._first_frame), size=episodes)]
            return Night(mean[frames], int(rng.integers(2**63)))
        drawn = self._rising[rng.integers(len(self._rising), size=episodes)]
        fresh = np.arange(episodes) % FRESH == 0
        drawn[fresh] -= self._since[drawn[fresh]]
        if self._lost and len(self._falling):
            lost = rng.permutation(np.flatnonzero(~fresh))[: round(self._lost * episodes)]
            drawn[lost] = rng.choice(self._falling, len(lost))
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


BEGINNINGS = "beginnings"  # what a file of them says it holds


class Beginnings(NamedTuple):
    """S moments, each with the up to W recorded steps before it."""

    z: NDArray[Any]  # (S, Z), float32 like all of them
    past_z: NDArray[Any]  # (S, W, Z)
    past_actions: NDArray[Any]  # (S, W, A), what was then done
    steps: NDArray[Any]  # (S,), how many of the W, the last ones, there are

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Those in a file.

        Raises:
            ValueError: the arrays are something else.
        """
        if set(arrays) != set(cls._fields):
            raise ValueError(f"it should hold {', '.join(cls._fields)}, found {sorted(arrays)}")
        found = cls(**arrays)
        axes = [array.ndim for array in found]
        if axes != [2, 3, 3, 1]:
            raise ValueError(f"its arrays should have 2, 3, 3 and 1 axes, found {axes}")
        starts, z_size = found.z.shape
        before = found.past_z.shape[1]
        if (
            not starts
            or found.past_z.shape != (starts, before, z_size)
            or found.past_actions.shape[:2] != (starts, before)
            or found.steps.shape != (starts,)
            or not ((found.steps >= 0) & (found.steps <= before)).all()
        ):
            shapes = ", ".join(f"{name} {array.shape}" for name, array in found._asdict().items())
            raise ValueError(f"its arrays do not fit each other: {shapes}")
        return found
