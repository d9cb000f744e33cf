"""Trains the members of M: what is sent to workers lies outside of the scripts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents
from stages.memory.joint_mdn_lstm import JointMDNLSTM
from stages.memory.lstm import DeterministicLSTM
from stages.memory.mdn_lstm import MDNLSTM
from stages.memory.recurrent import Pieces, RecurrentMemory
from stages.memory.scores import Means, means, scores
from stages.params import TrainM
from stages.pieces import CodedPieces, cut
from stages.progress import progress
from stages.randomness import Streams
from stages.scratch import NoScratch, Scratch
from stages.training import Examples, Point, Trainer
from stages.warm_start import Start


def make_memory(
    settings: TrainM, z_size: int, action_size: int, rng: np.random.Generator
) -> RecurrentMemory:
    """An M that has learned nothing yet."""
    sizes = z_size, action_size, settings.hidden
    readout, outcome = settings.readout, settings.predict_outcome
    if settings.kind == "lstm":
        return DeterministicLSTM.initial(*sizes, rng, readout=readout, predict_outcome=outcome)
    return (JointMDNLSTM if settings.kind == "joint_mdn_lstm" else MDNLSTM).initial(
        *sizes,
        rng,
        mixtures=settings.mixtures,
        sigma_floor=settings.sigma_floor,
        readout=readout,
        predict_outcome=outcome,
    )


class TrainedMember(NamedTuple):
    """A member of M, and how its training went."""

    memory: RecurrentMemory
    curve: list[Point]
    held_out_loss: float
    found: dict[str, float]  # its scores


class MemberTrainer:
    """Teaches members, each from its own first weights and in its own order of the pieces.

    With noise on the z that it is shown, but not on the next z that it is to say, a member learns
    to find its way back from where no real z lies: that is where dreams drift to.

    Args:
        settings: M and how it is trained.
        latents: what it learns from.
        streams: where the random numbers come from.
        scratch: what a stopped run has left.
        start: what the members begin at, in place of weights that are drawn.
    """

    def __init__(
        self,
        settings: TrainM,
        latents: Latents,
        streams: Streams,
        scratch: Scratch | None = None,
        start: Start | None = None,
    ) -> None:
        self._start = start
        self._scratch = scratch or NoScratch()
        self._settings = settings
        self._train = cut(latents, settings.sequence_length, held_out=False)
        self._held_out = cut(latents, settings.sequence_length, held_out=True)
        self._spread = latents.mean.std(axis=0)  # (Z,), of z
        self._sizes = latents.mean.shape[1], latents.actions.shape[1]
        self._streams = streams

    @property
    def pieces(self) -> int:
        """How many there are to train on."""
        return len(self._train)

    def __call__(self, member: int) -> TrainedMember:
        """Teach one.

        Raises:
            UserError: it cannot start from what there is.
        """

        def stream(purpose: str) -> np.random.Generator:
            return self._streams(f"{purpose} {member}" if member else purpose)

        settings, train, held_out = self._settings, self._train, self._held_out
        memory = make_memory(settings, *self._sizes, stream("weights"))
        memory.weigh(settings.reward_weight)
        if self._start:
            self._start.give(memory, member, settings.members)
        codes, noise = stream("codes"), stream("noise")

        def shown(rows: NDArray[np.intp]) -> Pieces:
            pieces = train.sampled(rows, codes)
            if not settings.noise:
                return pieces
            drawn = noise.standard_normal(pieces.z.shape, np.float32)
            return pieces._replace(z=pieces.z + settings.noise * self._spread * drawn)

        on_curve = held_out.sampled(held_out.spread(), stream("curve"))
        trainer = Trainer(
            "train_m",
            settings,
            stream("batches"),
            settings.clip_norm,
            self._scratch,
            f"member {member}",
        )
        curve = trainer.fit(memory, Examples(len(train), shown, on_curve, draws=[codes, noise]))
        on_train = gather(memory, train, stream("scores: training"))
        on_held_out = gather(memory, held_out, stream("scores: held out"))
        memory.calibrate(np.sqrt(on_train.missed_squared))
        found = scores(memory, on_train, on_held_out, settings.sigma_floor)
        return TrainedMember(memory, curve, float(on_held_out.losses.sum()), found)


def gather(memory: RecurrentMemory, pieces: CodedPieces, rng: np.random.Generator) -> Means:
    """What the scores are made of, over all pieces."""
    parts = pieces.parts()
    return means(
        memory,
        (pieces.sampled(rows, rng) for rows in progress(parts, "train_m: scores", len(parts))),
    )
