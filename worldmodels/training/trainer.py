"""The training loop of V and M: epochs of minibatches, Adam, and a learning curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from worldmodels.nn.adam import Adam
from worldmodels.nn.parameters import Parameters
from worldmodels.pipeline.checkpoints import Checkpoints, NoCheckpoints, State
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress

POINTS_PER_EPOCH = 5  # on the learning curve
EpochOrder = Callable[[np.random.Generator], NDArray[np.intp]]  # a permutation of all row numbers
Batch = TypeVar("Batch")
AnyBatch = TypeVar("AnyBatch", contravariant=True)


class Learner(Protocol[AnyBatch]):
    """A V or an M."""

    parameters: Parameters

    def loss(self, batch: AnyBatch, /) -> float:
        """The loss to be minimised."""

    def loss_and_gradient(self, batch: AnyBatch, /) -> tuple[float, Parameters]:
        """The loss and its gradient by all parameters."""


class FitSettings(Protocol):
    """The params that train_v and train_m have in common."""

    @property
    def epochs(self) -> int:
        """Passes over the training set."""

    @property
    def batch_size(self) -> int:
        """Rows of a minibatch."""

    @property
    def learning_rate(self) -> float:
        """Adam's step size at the start."""

    @property
    def lr_end_factor(self) -> float:
        """The share of the learning rate at the end of a linear decay."""


class Point(NamedTuple):
    """A point of a learning curve."""

    epoch: float
    train: float  # mean loss of the batches since the last point
    held_out: float  # loss on the held-out batch


def minibatches(
    order: EpochOrder, batch_size: int, epochs: int, rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    """The row numbers of every batch; the last batch of an epoch may be smaller."""
    for _ in range(epochs):
        numbers = order(rng)
        yield from np.split(numbers, range(batch_size, len(numbers), batch_size))


@dataclass(frozen=True)
class TrainingSet(Generic[Batch]):
    """The data that a learner is trained on.

    Args:
        count: number of rows.
        select: the batch of the rows with these numbers.
        held_out: the batch that the curve's held-out loss is measured on.
        draws: the random generators that `select` uses.
        order: the order of the rows in an epoch; None for a uniformly random one.
    """

    count: int
    select: Callable[[NDArray[np.intp]], Batch]
    held_out: Batch
    draws: Sequence[np.random.Generator] = ()
    order: EpochOrder | None = None


@dataclass(frozen=True)
class Trainer:
    """Trains a V or an M in place.

    Args:
        stage: the section of the params, for error messages and the progress bar.
        settings: epochs, batch size, learning rate.
        rng: draws the order of the rows.
        max_grad_norm: see `Adam`.
        checkpoints: to resume from.
        name: of the checkpoint.
    """

    stage: str
    settings: FitSettings
    rng: np.random.Generator
    max_grad_norm: float | None = None
    checkpoints: Checkpoints = field(default_factory=NoCheckpoints)
    name: str = "training"

    def fit(self, learner: Learner[Batch], training_set: TrainingSet[Batch]) -> list[Point]:
        """The learning curve; its first point is from before the first step.

        Raises:
            ParamsError: the loss is not finite.
        """
        settings, count = self.settings, training_set.count
        adam = Adam(learner.parameters, settings.learning_rate, self.max_grad_norm)
        per_epoch = math.ceil(count / settings.batch_size)
        total = per_epoch * settings.epochs
        interval = max(1, round(per_epoch / POINTS_PER_EPOCH))
        order = training_set.order or (lambda generator: generator.permutation(count))
        batches = minibatches(order, settings.batch_size, settings.epochs, self.rng)
        done, curve, losses = 0, list[Point](), list[float]()

        def state() -> State:
            return {
                "parameters": learner.parameters.flat,
                "adam": adam.state(),
                "draws": [generator.bit_generator.state for generator in training_set.draws],
                "done": done,
                "curve": curve,
                "losses": losses,
            }

        # Instead of NumPy's warnings, `_check` raises an error that says what to change.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if saved := self.checkpoints.load(self.name):
                learner.parameters.flat[...] = saved["parameters"]
                adam.restore(saved["adam"])
                for generator, generator_state in zip(
                    training_set.draws, saved["draws"], strict=True
                ):
                    generator.bit_generator.state = generator_state
                done, losses = saved["done"], saved["losses"]
                curve = [Point(*point) for point in saved["curve"]]
            else:
                first = training_set.select(np.arange(min(count, settings.batch_size)))
                curve.append(Point(0.0, learner.loss(first), learner.loss(training_set.held_out)))
            for rows in progress(islice(batches, done, None), self.stage, total, done):
                loss, gradient = learner.loss_and_gradient(training_set.select(rows))
                done += 1
                self._check(loss, f"in step {done} of {total}", learner)
                adam.step(gradient, 1 - (1 - settings.lr_end_factor) * (done - 1) / total)
                losses.append(loss)
                if done % interval == 0 or done == total:
                    held_out = learner.loss(training_set.held_out)
                    self._check(held_out, f"after step {done} of {total}", learner)
                    curve.append(Point(done / per_epoch, float(np.mean(losses)), held_out))
                    losses.clear()
                self.checkpoints.save(self.name, state, force=done == total)
        return curve

    def _check(self, loss: float, when: str, learner: Learner[Any]) -> None:
        """Raise ParamsError if the loss is not finite."""
        if math.isfinite(loss):
            return
        broken = [
            name for name, array in learner.parameters.items() if not np.isfinite(array).all()
        ]
        where = f"'{broken[0]}' holds numbers that are not finite" if broken else "no weight is yet"
        rate = self.settings.learning_rate
        raise ParamsError(
            f"{self.stage}.learning_rate: the loss is {loss} {when}, and {where}; "
            f"try less than {rate:g}"
        )


def curve_rows(curve: list[Point], baseline: float) -> list[dict[str, float]]:
    """The rows of the curve's file; every row has the baseline, which is drawn beside the curve."""
    return [{**point._asdict(), "baseline": baseline} for point in curve]
