"""Trains the members of M: what is sent to workers lies outside of the scripts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import make_memory
from worldmodels.memory.sequences import LatentSequences, PackedSequences, split_episodes
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints
from worldmodels.pipeline.config.params import TrainM
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.training.memory_scores import StepMoments, means, scores
from worldmodels.training.trainer import Point, Trainer, TrainingSet
from worldmodels.training.warm_start import WarmStart


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
        streams: RandomStreams,
        checkpoints: Checkpoints | None = None,
        start: WarmStart | None = None,
    ) -> None:
        self._start = start
        self._checkpoints = checkpoints or NoCheckpoints()
        self._settings = settings
        self._train = _sequences(latents, settings.sequence_length, held_out=False)
        self._held_out = _sequences(latents, settings.sequence_length, held_out=True)
        self._spread = latents.mean.std(axis=0)  # (Z,), of z
        self._sizes = latents.mean.shape[1], latents.actions.shape[1]
        self._streams = streams

    @property
    def sequences(self) -> int:
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
        memory = initial_memory(settings, *self._sizes, stream("weights"))
        memory.set_loss_weights(settings.reward_weight)
        if self._start:
            self._start.copy_to(memory, member, settings.ensemble_size)
        codes, noise = stream("codes"), stream("noise")

        def shown(rows: NDArray[np.intp]) -> PackedSequences:
            sequences = train.sample(rows, codes)
            if not settings.noise:
                return sequences
            drawn = noise.standard_normal(sequences.z.shape, np.float32)
            return sequences._replace(z=sequences.z + settings.noise * self._spread * drawn)

        on_curve = held_out.sample(held_out.spread(), stream("curve"))
        trainer = Trainer(
            "train_m",
            settings,
            stream("batches"),
            settings.max_grad_norm,
            self._checkpoints,
            f"member {member}",
        )
        curve = trainer.fit(memory, TrainingSet(len(train), shown, on_curve, draws=[codes, noise]))
        on_train = gather(memory, train, stream("scores: training"))
        on_held_out = gather(memory, held_out, stream("scores: held out"))
        memory.calibrate(np.sqrt(on_train.error_sq))
        found = scores(memory, on_train, on_held_out, settings.min_std)
        return TrainedMember(memory, curve, float(on_held_out.losses.sum()), found)


def initial_memory(
    settings: TrainM, z_size: int, action_size: int, rng: np.random.Generator
) -> RecurrentMemory:
    """The untrained M that the params describe."""
    return make_memory(
        settings.kind,
        z_size,
        action_size,
        rng,
        hidden=settings.hidden,
        head_features=settings.head_hidden,
        mixtures=settings.num_mixtures,
        min_std=settings.min_std,
        predict_reward_done=settings.predict_reward_done,
    )


def _sequences(latents: Latents, length: int, *, held_out: bool) -> LatentSequences:
    """Sequences of the episodes that are, or are not, held out.

    Raises:
        ParamsError: all of these episodes are too short.
    """
    try:
        return split_episodes(latents, length, latents.held_out == held_out)
    except ValueError as error:
        key = "held_out_episodes" if held_out else "episodes"
        raise ParamsError(f"collect.{key}: {error}; collect more of them") from None


def gather(
    memory: RecurrentMemory, sequences: LatentSequences, rng: np.random.Generator
) -> StepMoments:
    """What the scores are made of, over all pieces."""
    parts = sequences.parts()
    return means(
        memory,
        (sequences.sample(rows, rng) for rows in progress(parts, "train_m: scores", len(parts))),
    )
