"""The loop that fits V and M: epochs of batches, Adam, a learning curve with a held-out score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from stages.errors import ParamsError
from stages.nn.adam import Adam
from stages.nn.parameters import Parameters
from stages.progress import progress

POINTS_PER_EPOCH = 5  # on the learning curve

Order = Callable[[np.random.Generator], NDArray[np.intp]]  # all numbers of examples, each once

Batch = TypeVar("Batch")
AnyBatch = TypeVar("AnyBatch", contravariant=True)


class Learner(Protocol[AnyBatch]):
    """A V or an M."""

    parameters: Parameters

    def loss(self, batch: AnyBatch, /) -> float:
        """What is to become small."""

    def loss_and_gradient(self, batch: AnyBatch, /) -> tuple[float, Parameters]:
        """The same, and its gradient by every parameter."""


class Schedule(Protocol):
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


class Point(NamedTuple):
    """One point of a learning curve."""

    epoch: float
    train: float  # mean loss of the batches since the last point
    held_out: float


def minibatches(
    order: Order, batch_size: int, epochs: int, rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    """Row numbers of every batch; each epoch has its own order, and its last batch may be small."""
    for _ in range(epochs):
        numbers = order(rng)
        yield from np.split(numbers, range(batch_size, len(numbers), batch_size))


def fit(
    learner: Learner[Batch],
    count: int,
    select: Callable[[NDArray[np.intp]], Batch],
    held_out: Batch,
    schedule: Schedule,
    rng: np.random.Generator,
    stage: str,
    clip_norm: float | None = None,
    order: Order | None = None,
) -> list[Point]:
    """Train in place.

    Args:
        learner: a V or an M.
        count: examples to train on.
        select: the batch of the examples with these numbers.
        held_out: what the curve's held-out loss is measured on.
        schedule: epochs, batch size, learning rate.
        rng: the order of the examples.
        stage: whose params to name when learning goes wrong.
        clip_norm: see Adam.
        order: draws the order of an epoch; any is as likely as any other if it is not given.

    Returns:
        The learning curve; its first point is from before the first step.

    Raises:
        ParamsError: the loss is no longer a finite number.
    """
    adam = Adam(learner.parameters, schedule.learning_rate, clip_norm)
    per_epoch = math.ceil(count / schedule.batch_size)
    total = per_epoch * schedule.epochs
    interval = max(1, round(per_epoch / POINTS_PER_EPOCH))
    first = select(np.arange(min(count, schedule.batch_size)))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # _check says it in words
        curve = [Point(0.0, learner.loss(first), learner.loss(held_out))]
        losses: list[float] = []
        order = order or (lambda generator: generator.permutation(count))
        batches = minibatches(order, schedule.batch_size, schedule.epochs, rng)
        for step, rows in enumerate(progress(batches, stage, total), start=1):
            loss, gradient = learner.loss_and_gradient(select(rows))
            _check(loss, f"the loss is {loss} in step {step} of {total}", schedule, stage)
            adam.step(gradient)
            losses.append(loss)
            if step % interval == 0 or step == total:
                held_out_loss = learner.loss(held_out)
                problem = f"the loss is {held_out_loss} after step {step} of {total}"
                _check(held_out_loss, problem, schedule, stage)
                curve.append(Point(step / per_epoch, float(np.mean(losses)), held_out_loss))
                losses.clear()
    return curve


def _check(loss: float, problem: str, schedule: Schedule, stage: str) -> None:
    if not math.isfinite(loss):
        key, rate = f"{stage}.learning_rate", schedule.learning_rate
        raise ParamsError(f"{key}: {problem}; try less than {rate:g}")


def curve_rows(curve: list[Point], baseline: float) -> list[dict[str, float]]:
    """The curve as rows of a file; the baseline stands in every row, to be drawn beside it."""
    return [{**point._asdict(), "baseline": baseline} for point in curve]
