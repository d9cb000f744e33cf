"""The loop that fits V and M: epochs of batches, Adam, a learning curve with a held-out score."""

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
EpochOrder = Callable[[np.random.Generator], NDArray[np.intp]]  # all numbers of examples, each once
Batch = TypeVar("Batch")
AnyBatch = TypeVar("AnyBatch", contravariant=True)


class Learner(Protocol[AnyBatch]):
    """A V or an M."""

    parameters: Parameters

    def loss(self, batch: AnyBatch, /) -> float:
        """What is to become small."""

    def loss_and_gradient(self, batch: AnyBatch, /) -> tuple[float, Parameters]:
        """The same, and its gradient by every parameter."""


class FitSettings(Protocol):
    """The params that V and M have in common."""

    @property
    def epochs(self) -> int:
        """How often all examples are gone through."""

    @property
    def batch_size(self) -> int:
        """Examples a step."""

    @property
    def learning_rate(self) -> float:
        """Adam's step size."""

    @property
    def lr_end_factor(self) -> float:
        """The share of it that is left in the end; it falls in a straight line."""


class Point(NamedTuple):
    """One point of a learning curve."""

    epoch: float
    train: float  # mean loss of the batches since the last point
    held_out: float


def minibatches(
    order: EpochOrder, batch_size: int, epochs: int, rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    """Row numbers of every batch; each epoch has its own order, and its last batch may be small."""
    for _ in range(epochs):
        numbers = order(rng)
        yield from np.split(numbers, range(batch_size, len(numbers), batch_size))


@dataclass(frozen=True)
class TrainingSet(Generic[Batch]):
    """What is learned from.

    Args:
        count: how many there are.
        select: the batch of those with these numbers.
        held_out: what the curve's held-out loss is measured on.
        draws: the generators that `select` draws from.
        order: draws the order of an epoch; any is as likely as any other if it is not given.
    """

    count: int
    select: Callable[[NDArray[np.intp]], Batch]
    held_out: Batch
    draws: Sequence[np.random.Generator] = ()
    order: EpochOrder | None = None


@dataclass(frozen=True)
class Trainer:
    """How V and M are trained, in place.

    Args:
        stage: whose params to name when learning goes wrong.
        schedule: epochs, batch size, learning rate.
        rng: the order of the examples.
        max_grad_norm: see Adam.
        scratch: what a stopped run has left.
        name: of the state in it.
    """

    stage: str
    schedule: FitSettings
    rng: np.random.Generator
    max_grad_norm: float | None = None
    checkpoints: Checkpoints = field(default_factory=NoCheckpoints)
    name: str = "training"

    def fit(self, learner: Learner[Batch], examples: TrainingSet[Batch]) -> list[Point]:
        """The learning curve; its first point is from before the first step.

        Raises:
            ParamsError: the loss is no longer a finite number.
        """
        schedule, count = self.schedule, examples.count
        adam = Adam(learner.parameters, schedule.learning_rate, self.max_grad_norm)
        per_epoch = math.ceil(count / schedule.batch_size)
        total = per_epoch * schedule.epochs
        interval = max(1, round(per_epoch / POINTS_PER_EPOCH))
        order = examples.order or (lambda generator: generator.permutation(count))
        batches = minibatches(order, schedule.batch_size, schedule.epochs, self.rng)
        done, curve, losses = 0, list[Point](), list[float]()

        def state() -> State:
            return {
                "parameters": learner.parameters.flat,
                "adam": adam.state(),
                "draws": [generator.bit_generator.state for generator in examples.draws],
                "done": done,
                "curve": curve,
                "losses": losses,
            }

        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # said in words
            if saved := self.checkpoints.load(self.name):
                learner.parameters.flat[...] = saved["parameters"]
                adam.restore(saved["adam"])
                for generator, was in zip(examples.draws, saved["draws"], strict=True):
                    generator.bit_generator.state = was
                done, losses = saved["done"], saved["losses"]
                curve = [Point(*point) for point in saved["curve"]]
            else:
                first = examples.select(np.arange(min(count, schedule.batch_size)))
                curve.append(Point(0.0, learner.loss(first), learner.loss(examples.held_out)))
            for rows in progress(islice(batches, done, None), self.stage, total, done):
                loss, gradient = learner.loss_and_gradient(examples.select(rows))
                done += 1
                self._check(loss, f"in step {done} of {total}", learner)
                adam.step(gradient, 1 - (1 - schedule.lr_end_factor) * (done - 1) / total)
                losses.append(loss)
                if done % interval == 0 or done == total:
                    held_out = learner.loss(examples.held_out)
                    self._check(held_out, f"after step {done} of {total}", learner)
                    curve.append(Point(done / per_epoch, float(np.mean(losses)), held_out))
                    losses.clear()
                self.checkpoints.save(self.name, state, force=done == total)
        return curve

    def _check(self, loss: float, when: str, learner: Learner[Any]) -> None:
        if math.isfinite(loss):
            return
        broken = [
            name for name, array in learner.parameters.items() if not np.isfinite(array).all()
        ]
        where = f"'{broken[0]}' holds numbers that are not finite" if broken else "no weight is yet"
        rate = self.schedule.learning_rate
        raise ParamsError(
            f"{self.stage}.learning_rate: the loss is {loss} {when}, and {where}; "
            f"try less than {rate:g}"
        )


def curve_rows(curve: list[Point], baseline: float) -> list[dict[str, float]]:
    """The curve as rows of a file; the baseline stands in every row, to be drawn beside it."""
    return [{**point._asdict(), "baseline": baseline} for point in curve]
