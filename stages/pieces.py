"""Episodes cut in pieces, as M learns from them, with z drawn anew whenever they are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents
from stages.errors import ParamsError
from stages.memory.recurrent import Pieces

SHORTEST_PIECE = 4  # steps; shorter ends of episodes are dropped
STEPS_AT_ONCE = 8192  # when all pieces are gone through; some 100 MB with the paper's M
NOISELESS = -50.0  # log of a variance that float32 does not notice next to a number of z


@dataclass(frozen=True)
class CodedPieces:
    """Pieces of episodes whose z are known as V gives them: by mean and log-variance.

    Args:
        latents: what they are cut from.
        first_frame: (N,), the number of each piece's first frame.
        first_step: (N,), of its first step.
        steps: (N,), its length.
        lost: (N,), whether its last step is the one that lost the car.
    """

    latents: Latents
    first_frame: NDArray[np.int64]
    first_step: NDArray[np.int64]
    steps: NDArray[np.int64]
    lost: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.steps)

    def sampled(self, rows: NDArray[np.intp], rng: np.random.Generator) -> Pieces:
        """The pieces of these numbers, packed; each frame's z ~ N(mean, exp(logvar)) is drawn once,
        to be a step's target and the next one's input.
        """
        rows = rows[np.argsort(-self.steps[rows], kind="stable")]
        steps = self.steps[rows]
        running = (steps > np.arange(steps[0])[:, None]).sum(axis=1)  # (T,)
        t, piece = _packed(running)  # of each of N steps
        shown = np.concatenate([[len(rows)], running])  # each has a frame more than it has steps
        frame_t, frame_piece = _packed(shown)  # of each of N + B frames
        z = self._codes(self.first_frame[rows][frame_piece] + frame_t, rng)
        step = self.first_step[rows][piece] + t
        return Pieces(
            z=z[(np.cumsum(shown) - shown)[t] + piece],
            actions=self.latents.actions[step],
            z_next=z[len(rows) :],
            rewards=self.latents.rewards[step].astype(np.float32),
            ends=((t == steps[piece] - 1) & self.lost[rows][piece]).astype(np.float32),
            running=running,
        )

    def spread(self) -> NDArray[np.intp]:
        """Numbers of as many pieces as can be looked at at once, evenly spread over all."""
        return np.linspace(0, len(self) - 1, min(len(self), self._at_once)).astype(np.intp)

    def parts(self) -> list[NDArray[np.intp]]:
        """Numbers of all pieces, in parts that can be looked at at once."""
        return np.split(np.arange(len(self)), range(self._at_once, len(self), self._at_once))

    @property
    def _at_once(self) -> int:
        return max(1, STEPS_AT_ONCE // int(self.steps.max()))

    def _codes(self, frames: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        z: NDArray[np.float32] = self.latents.mean[frames]
        logvar = self.latents.logvar[frames]
        if logvar.max() > NOISELESS:
            sigma = np.exp(0.5 * logvar)
            z += sigma * rng.standard_normal(z.shape, np.float32)
        return z


def _packed(running: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The step, and the number of the sequence, of every row of packed sequences."""
    t = np.repeat(np.arange(len(running)), running)
    return t, np.arange(len(t)) - (np.cumsum(running) - running)[t]


def cut(latents: Latents, length: int, *, held_out: bool) -> CodedPieces:
    """The episodes that are, or are not, held out, in pieces of `length` steps; too short ends are
    dropped.

    Raises:
        ParamsError: no piece is left.
    """
    chosen = np.flatnonzero(latents.held_out == held_out)
    per_episode = -(-latents.lengths[chosen] // length)
    episode = np.repeat(chosen, per_episode)  # of each piece
    number = np.arange(len(episode)) - np.repeat(np.cumsum(per_episode) - per_episode, per_episode)
    steps = np.minimum(latents.lengths[episode] - number * length, length)
    long_enough = steps >= SHORTEST_PIECE
    if not long_enough.any():
        raise ParamsError(
            f"collect.{'held_out_episodes' if held_out else 'episodes'}: none of these episodes "
            f"lasts {SHORTEST_PIECE} steps; collect more of them"
        )
    episode, start, steps = episode[long_enough], (number * length)[long_enough], steps[long_enough]
    return CodedPieces(
        latents,
        first_frame=latents.first_frame[episode] + start,
        first_step=latents.first_step[episode] + start,
        steps=steps,
        lost=latents.terminated[episode] & (start + steps == latents.lengths[episode]),
    )
