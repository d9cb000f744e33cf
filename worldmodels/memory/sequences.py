"""Sequences of recorded episodes to train M on, with z sampled anew from q(z|x) for every batch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from worldmodels.nn.lstm import step_slices
from worldmodels.nn.parameters import Array


class Latents(Protocol):
    """Recorded episodes, encoded by V and concatenated, as in `artifacts.Latents`."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(episodes,), steps of each episode."""

    @property
    def terminated(self) -> NDArray[np.bool_]:
        """(episodes,), whether the last step terminated the episode."""

    @property
    def first_frame(self) -> NDArray[np.int64]:
        """(episodes + 1,), the row of each episode's first frame, and the number of frames."""

    @property
    def first_step(self) -> NDArray[np.int64]:
        """(episodes + 1,), the row of each episode's first step, and the number of steps."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """(frames, Z), means of z."""

    @property
    def logvar(self) -> NDArray[np.float32]:
        """(frames, Z), log-variances of z."""

    @property
    def actions(self) -> NDArray[np.float32]:
        """(steps, A)."""

    @property
    def rewards(self) -> NDArray[np.float64]:
        """(steps,)."""


class PackedSequences(NamedTuple):
    """A batch of B sequences with N steps in all, packed as worldmodels/nn/lstm.py describes."""

    z: Array  # (N, Z), before the step
    actions: Array  # (N, A)
    z_next: Array  # (N, Z), after the step
    rewards: Array  # (N,)
    dones: Array  # (N,), 1 where the step terminates the episode, else 0
    batch_sizes: Array  # (T,), the number of sequences that have a step t
    own: NDArray[np.bool_] | None = None  # (N,), where M gets its own prediction in place of z


MIN_STEPS = 4  # of a sequence; shorter ends of episodes are dropped
CHUNK_STEPS = 8192  # processed together when all sequences are; some 100 MB with the paper's M
NEGLIGIBLE_LOGVAR = -50.0  # float32 does not notice such a variance beside a number of z


@dataclass(frozen=True)
class LatentSequences:
    """Sequences of steps of recorded episodes, whose z are given by mean and log-variance.

    Args:
        latents: the episodes.
        first_frame: (S,), the row of each sequence's first frame.
        first_step: (S,), the row of its first step.
        steps: (S,), its length.
        terminated_last: (S,), whether its last step terminated the episode.
        z_noise_factor: share of V's standard deviation that z is sampled with; 0: its mean.
    """

    latents: Latents
    first_frame: NDArray[np.int64]
    first_step: NDArray[np.int64]
    steps: NDArray[np.int64]
    terminated_last: NDArray[np.bool_]
    z_noise_factor: float = 1.0

    def __len__(self) -> int:
        return len(self.steps)

    def sample(self, rows: NDArray[np.intp], rng: np.random.Generator) -> PackedSequences:
        """A batch of these sequences, with z ~ N(mean, z_noise_factor^2 exp(logvar)).

        Each frame's z is sampled once: it is the target of a step and the input of the next.
        """
        rows = rows[np.argsort(-self.steps[rows], kind="stable")]
        steps = self.steps[rows]
        batch_sizes = (steps > np.arange(steps[0])[:, None]).sum(axis=1)  # (T,)
        t, sequence = packed_index(batch_sizes)  # (N,) each
        # A sequence has one frame more than it has steps: N + B frames in all.
        frame_batch_sizes = np.concatenate([[len(rows)], batch_sizes])
        frame_t, frame_sequence = packed_index(frame_batch_sizes)
        z = self._sample_z(self.first_frame[rows][frame_sequence] + frame_t, rng)
        step = self.first_step[rows][sequence] + t
        last = t == steps[sequence] - 1
        return PackedSequences(
            z=z[(np.cumsum(frame_batch_sizes) - frame_batch_sizes)[t] + sequence],
            actions=self.latents.actions[step],
            z_next=z[len(rows) :],
            rewards=self.latents.rewards[step].astype(np.float32),
            dones=(last & self.terminated_last[rows][sequence]).astype(np.float32),
            batch_sizes=batch_sizes,
        )

    def evenly_spaced(self) -> NDArray[np.intp]:
        """Rows of evenly spaced sequences, as many as fit in a chunk."""
        return np.linspace(0, len(self) - 1, min(len(self), self._chunk_size)).astype(np.intp)

    def chunks(self) -> list[NDArray[np.intp]]:
        """The rows of all sequences, in chunks that are small enough to be processed together."""
        return np.split(np.arange(len(self)), range(self._chunk_size, len(self), self._chunk_size))

    @property
    def _chunk_size(self) -> int:
        return max(1, CHUNK_STEPS // int(self.steps.max()))

    def _sample_z(self, frames: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        """z (frames, Z) of the frames in these rows."""
        z: NDArray[np.float32] = self.latents.mean[frames]
        logvar = self.latents.logvar[frames]
        if self.z_noise_factor and logvar.max() > NEGLIGIBLE_LOGVAR:
            sigma = self.z_noise_factor * np.exp(0.5 * logvar)
            z += sigma * rng.standard_normal(z.shape, np.float32)
        return z


def packed_index(batch_sizes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The step and the sequence of every row of packed sequences."""
    t = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    return t, np.arange(len(t)) - (np.cumsum(batch_sizes) - batch_sizes)[t]


def split_episodes(
    latents: Latents, length: int, chosen: NDArray[np.bool_], *, z_noise_factor: float = 1.0
) -> LatentSequences:
    """The chosen episodes in sequences of `length` steps, for truncated BPTT.

    Args:
        latents: the episodes.
        length: steps of a sequence. The last one of an episode may have fewer; it is dropped if it
            has fewer than MIN_STEPS.
        chosen: (episodes,), which episodes to take.
        z_noise_factor: see `LatentSequences`.

    Raises:
        ValueError: no sequence is left.
    """
    episodes = np.flatnonzero(chosen)
    per_episode = -(-latents.lengths[episodes] // length)
    episode = np.repeat(episodes, per_episode)  # of each sequence
    number = np.arange(len(episode)) - np.repeat(np.cumsum(per_episode) - per_episode, per_episode)
    steps = np.minimum(latents.lengths[episode] - number * length, length)
    long_enough = steps >= MIN_STEPS
    if not long_enough.any():
        raise ValueError(f"none of these episodes lasts {MIN_STEPS} steps")
    episode, start, steps = episode[long_enough], (number * length)[long_enough], steps[long_enough]
    return LatentSequences(
        latents,
        first_frame=latents.first_frame[episode] + start,
        first_step=latents.first_step[episode] + start,
        steps=steps,
        terminated_last=latents.terminated[episode] & (start + steps == latents.lengths[episode]),
        z_noise_factor=z_noise_factor,
    )


def whole_episodes(latents: Latents, chosen: NDArray[np.bool_]) -> LatentSequences:
    """The chosen episodes, each as one sequence, with the mean for z.

    Raises:
        ValueError: all of them are too short.
    """
    return split_episodes(latents, int(latents.lengths.max()), chosen, z_noise_factor=0)


def states_before(states: Array, batch_sizes: Array) -> Array:
    """h (N, H) before every step of packed sequences, given h after every step."""
    before = np.zeros_like(states)
    for then, now in pairwise(step_slices(batch_sizes)):
        before[now] = states[then][: now.stop - now.start]
    return before


def sequence_features(sequences: PackedSequences, states: Array) -> Array:
    """C's features [z; h] (N, Z + H) of every step, given h (N, H) after every step; or [z; c; h],
    given [c; h].

    For agents and dreams `interfaces.PolicyState` builds the same.
    """
    before = states_before(states, sequences.batch_sizes)
    return np.concatenate([sequences.z, before], axis=1)
