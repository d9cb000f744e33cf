"""Training of one member of M, as a callable class that workers can unpickle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import make_memory
from worldmodels.memory.reward_done import logit_shift
from worldmodels.memory.scheduled_sampling import own_stretches
from worldmodels.memory.sequences import LatentSequences, PackedSequences, split_episodes
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints
from worldmodels.pipeline.config.params import TrainM
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.training.memory_scores import StepMoments, memory_scores, step_moments
from worldmodels.training.trainer import Point, Trainer, TrainingSet
from worldmodels.training.warm_start import WarmStart


class TrainedMember(NamedTuple):
    """A trained member of M, its learning curve and its scores."""

    memory: RecurrentMemory
    curve: list[Point]
    held_out_loss: float
    scores: dict[str, float]  # see `memory_scores`


class MemberTrainer:
    """Trains members, each from its own initial weights and in its own order of the sequences.

    With noise on the input z, but not on the next z that is its target, a member learns to correct
    errors in z. Dreams need that, because they run on M's own predictions (compare denoising
    autoencoders, Vincent et al. 2008).

    Args:
        settings: M and its training.
        latents: the episodes to train on.
        streams: the sources of random numbers.
        checkpoints: of this stage, to resume from.
        warm_start: the initial weights of the members; None for random ones.
        columns: of the pictures, that z has the numbers of; see `ConvLSTMMemory`.
        action_threshold: see `ConvLSTMMemory`.

    Raises:
        ParamsError: all episodes are too short.
    """

    def __init__(
        self,
        settings: TrainM,
        latents: Latents,
        streams: RandomStreams,
        checkpoints: Checkpoints | None = None,
        warm_start: WarmStart | None = None,
        *,
        columns: int = 1,
        action_threshold: float = 0.0,
    ) -> None:
        self._warm_start = warm_start
        self._checkpoints = checkpoints or NoCheckpoints()
        self._settings = settings
        self._train = _sequences(settings, latents, held_out=False)
        self._held_out = _sequences(settings, latents, held_out=True)
        self._z_std = latents.mean.std(axis=0)  # (Z,)
        self._sizes = latents.mean.shape[1], latents.actions.shape[1]
        self._streams = streams
        self._columns, self._action_threshold = columns, action_threshold
        self._reward_range = _range(latents.rewards)

    @property
    def num_sequences(self) -> int:
        """How many sequences there are to train on."""
        return len(self._train)

    def __call__(self, member: int) -> TrainedMember:
        """Train the member of this number.

        Raises:
            UserError: the warm start does not fit.
        """

        def stream(purpose: str) -> np.random.Generator:
            return self._streams(f"{purpose} {member}" if member else purpose)

        settings, train, held_out = self._settings, self._train, self._held_out
        memory = initial_memory(
            settings,
            *self._sizes,
            stream("weights"),
            columns=self._columns,
            action_threshold=self._action_threshold,
            reward_range=self._reward_range,
        )
        memory.set_loss_weights(settings.reward_weight, settings.done_weight)
        if self._warm_start:
            self._warm_start.copy_to(memory, member, settings.ensemble_size)
            earlier = getattr(self._warm_start.learners[member], "reward_range", None)
            if earlier and memory.reward_range:  # that of the episodes so far, which may be wider
                bias = memory.parameters["reward.bias"]
                bias += logit_shift(earlier, memory.reward_range)
        z_rng, input_noise_rng = stream("codes"), stream("noise")
        own_rng = stream("own predictions")

        def select(rows: NDArray[np.intp]) -> PackedSequences:
            sequences = train.sample(rows, z_rng)
            if settings.input_noise:
                noise = input_noise_rng.standard_normal(sequences.z.shape, np.float32)
                z = sequences.z + settings.input_noise * self._z_std * noise
                sequences = sequences._replace(z=z)
            if share := settings.own_prediction_share:
                own = own_stretches(sequences.batch_sizes.astype(np.intp), share, own_rng)
                sequences = sequences._replace(own=own)
            return sequences

        on_curve = held_out.sample(held_out.evenly_spaced(), stream("curve"))
        trainer = Trainer(
            "train_m",
            settings,
            stream("batches"),
            settings.max_grad_norm,
            self._checkpoints,
            f"member {member}",
        )
        draws = [z_rng, input_noise_rng, own_rng]
        training_set = TrainingSet(len(train), select, on_curve, draws=draws)
        curve = trainer.fit(memory, training_set)
        on_train = _step_moments(memory, train, stream("scores: training"))
        on_held_out = _step_moments(memory, held_out, stream("scores: held out"))
        memory.calibrate(np.sqrt(on_train.error_sq))
        scores = memory_scores(memory, on_train, on_held_out, settings.min_std)
        return TrainedMember(memory, curve, float(on_held_out.losses.sum()), scores)


def initial_memory(
    settings: TrainM,
    z_size: int,
    action_size: int,
    rng: np.random.Generator,
    *,
    columns: int = 1,
    action_threshold: float = 0.0,
    reward_range: tuple[float, float] = (0.0, 1.0),
) -> RecurrentMemory:
    """The untrained M that the params describe; for the last three see `ConvLSTMMemory`.

    Raises:
        ParamsError: z cannot be split into columns.
    """
    try:
        return make_memory(
            settings.kind,
            z_size,
            action_size,
            rng,
            hidden=settings.hidden,
            head_hidden=settings.head_hidden,
            num_mixtures=settings.num_mixtures,
            min_std=settings.min_std,
            predict_change=settings.predict_change,
            predict_reward_done=settings.predict_reward_done,
            columns=columns,
            action_threshold=action_threshold,
            reward_range=reward_range,
        )
    except ValueError as error:
        raise ParamsError(f"train_m.kind: {error}; run 'dvc repro encode'") from None


def _range(rewards: NDArray[np.float64]) -> tuple[float, float]:
    """The least and the highest of all rewards, held-out ones too; apart from each other."""
    low, high = float(rewards.min()), float(rewards.max())
    return low, high if high > low else low + 1


def _sequences(settings: TrainM, latents: Latents, *, held_out: bool) -> LatentSequences:
    """Sequences of the held-out episodes, or of the others.

    Raises:
        ParamsError: all of these episodes are too short.
    """
    try:
        return split_episodes(
            latents,
            settings.sequence_length,
            latents.held_out == held_out,
            z_noise_factor=settings.z_noise_factor,
        )
    except ValueError as error:
        key = "held_out_episodes" if held_out else "episodes"
        raise ParamsError(f"collect.{key}: {error}; collect more of them") from None


def _step_moments(
    memory: RecurrentMemory, sequences: LatentSequences, rng: np.random.Generator
) -> StepMoments:
    """The means over the steps of all sequences."""
    chunks = sequences.chunks()
    return step_moments(
        memory,
        (sequences.sample(rows, rng) for rows in progress(chunks, "train_m: scores", len(chunks))),
    )
