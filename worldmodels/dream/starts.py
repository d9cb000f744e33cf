"""Start states of imagined rollouts, sampled from recorded episodes (branched rollouts: Janner et
al. 2019, "When to Trust Your Model").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.pipeline.storage.tables import episode_steps

FIRST_FRAME_EVERY = 5  # one of that many starts is an episode's first frame


class Context(NamedTuple):
    """The recorded steps before each of S start states, W at the most, to burn M in."""

    z: NDArray[Any]  # (S, W, Z), float32
    actions: NDArray[Any]  # (S, W, A), float32
    steps: NDArray[Any]  # (S,), how many of the W, the last ones, there are


@dataclass(frozen=True)
class StartStates:
    """Where S imagined rollouts start, the same for all candidates of a generation."""

    KIND: ClassVar[str] = "start_states"  # of a file

    z: NDArray[Any]  # (S, Z), float32
    context: Context | None = None
    seed: int = 0  # of the rollouts' noise
    # h and c (S, H) of each M of the dream, if they are known already; then no context is needed
    states: Sequence[tuple[NDArray[Any], NDArray[Any]]] | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of a file, without the seed and states; `from_arrays` takes them."""
        starts, z_size = self.z.shape
        context = self.context or Context(
            np.zeros((starts, 0, z_size), np.float32),
            np.zeros((starts, 0, 0), np.float32),
            np.zeros(starts),
        )
        return {
            "z": self.z,
            "context_z": context.z,
            "context_actions": context.actions,
            "context_steps": context.steps.astype(np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The start states in a file.

        Raises:
            ValueError: the arrays are something else.
        """
        names = ("z", "context_z", "context_actions", "context_steps")
        if set(arrays) != set(names):
            raise ValueError(f"it should hold {', '.join(names)}, found {sorted(arrays)}")
        z, context = arrays["z"], Context(*(arrays[name] for name in names[1:]))
        axes = [array.ndim for array in (z, *context)]
        if axes != [2, 3, 3, 1]:
            raise ValueError(f"its arrays should have 2, 3, 3 and 1 axes, found {axes}")
        starts, z_size = z.shape
        before = context.z.shape[1]
        if (
            not starts
            or context.z.shape != (starts, before, z_size)
            or context.actions.shape[:2] != (starts, before)
            or context.steps.shape != (starts,)
            or not ((context.steps >= 0) & (context.steps <= before)).all()
        ):
            shapes = ", ".join(f"{name} {arrays[name].shape}" for name in names)
            raise ValueError(f"its arrays do not fit each other: {shapes}")
        return cls(z, context)

    def chosen(self, rows: NDArray[np.bool_]) -> Self:
        """Those of the rows (S,), of which there is one at least, the earliest in their episodes
        first, with no more context than they have.
        """
        if self.context is None:
            return type(self)(self.z[rows])
        z, actions, steps = self.context
        order = np.argsort(steps, kind="stable")
        kept = order[rows[order]]
        first = z.shape[1] - int(steps[kept].max())
        context = Context(z[kept][:, first:], actions[kept][:, first:], steps[kept])
        return type(self)(self.z[kept], context)


class StartSampler:
    """Samples start states for imagined rollouts from recorded episodes.

    Args:
        latents: the episodes as V encodes them.
        held_out: whether to sample from those held out, or from the others.
        burn_in: recorded steps that M is given before a rollout, which then starts anywhere in an
            episode of the last rounds before its return's peak; 0: rollouts start at the first
            frame of an episode, and M at a state of zeros.
        replay_rounds: how many rounds those are.
        stalled_start_share: share of the starts, with a burn-in, that lie after the peak, so that C
            often meets what follows a mistake.
    """

    def __init__(
        self,
        latents: Latents,
        *,
        held_out: bool,
        burn_in: int = 0,
        replay_rounds: int = 1,
        stalled_start_share: float = 0.0,
    ) -> None:
        chosen = latents.held_out == held_out
        self._latents, self._burn_in = latents, burn_in
        self._stalled_start_share = stalled_start_share
        if burn_in:
            chosen &= latents.round > latents.round[chosen].max(initial=0) - replay_rounds
        self._first_frame = latents.first_frame[:-1][chosen]
        first_step = latents.first_step[:-1][chosen]
        lengths = latents.lengths[chosen]
        self._episode_step = episode_steps(lengths)
        self._step = np.repeat(first_step, lengths) + self._episode_step
        self._frame = np.repeat(self._first_frame, lengths) + self._episode_step
        peak = np.repeat(latents.steps_to_peak_return()[chosen], lengths)
        self._before_peak = np.flatnonzero(self._episode_step < peak)
        self._after_peak = np.flatnonzero(self._episode_step >= peak)

    def sample(self, episodes: int, rng: np.random.Generator) -> StartStates:
        """Start states of that many rollouts."""
        mean = self._latents.mean
        if not self._burn_in:
            frames = self._first_frame[rng.integers(len(self._first_frame), size=episodes)]
            return StartStates(mean[frames], seed=int(rng.integers(2**63)))
        starts = self._before_peak[rng.integers(len(self._before_peak), size=episodes)]
        first = np.arange(episodes) % FIRST_FRAME_EVERY == 0
        starts[first] -= self._episode_step[starts[first]]
        if self._stalled_start_share and len(self._after_peak):
            count = round(self._stalled_start_share * episodes)
            stalled = rng.permutation(np.flatnonzero(~first))[:count]
            starts[stalled] = rng.choice(self._after_peak, len(stalled))
        before = np.arange(-self._burn_in, 0)
        frames, steps = (
            # any number will do where there is no such step: it is not looked at
            np.maximum(numbers[starts][:, None] + before, 0)
            for numbers in (self._frame, self._step)
        )
        context = Context(
            mean[frames],
            self._latents.actions[steps],
            np.minimum(self._episode_step[starts], self._burn_in),
        )
        return StartStates(mean[self._frame[starts]], context, int(rng.integers(2**63)))
