"""Where cars drive: all that the stages ask of a world, whichever kind the params say it is of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.artifacts import Drives, Rollouts
from worldmodels.rollout.loop import Outcome, Policy, Recording, World

Place = TypeVar("Place", bound=Hashable)
Columns = dict[str, NDArray[Any]]  # of a table of recorded episodes, by name


class Grounds(Protocol[Place]):
    """Gives out places, each of which says all about where an episode is driven, and puts cars
    there.
    """

    @property
    def action_size(self) -> int:
        """How many numbers an action has."""

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Of what a car sees: height, width, channels."""

    @property
    def max_steps(self) -> int:
        """When an episode is cut short."""

    @property
    def episodes_at_once(self) -> int:
        """Of those that are recorded, how many are driven in one batch."""

    @property
    def dealt_out(self) -> bool:
        """Whether such batches are shards for workers, or so cheap that all of them are one."""

    def random_weights_policy(self, rng: np.random.Generator) -> Policy:
        """A policy of random weights whose distribution suits this environment."""

    @property
    def rollouts(self) -> type[Rollouts]:
        """The table of episodes to learn from."""

    @property
    def drives(self) -> type[Drives]:
        """The table of final drives."""

    def draw(self, episodes: int, rng: np.random.Generator) -> Sequence[Place]:
        """Places for so many episodes to learn from or to choose by: one each, or one for all.

        Raises:
            ParamsError: there are no such places.
        """

    def tests(self, rng: np.random.Generator) -> Callable[[int], Sequence[Place]]:
        """What gives, call by call, the places of the next so many of the final drives.

        Raises:
            ParamsError: there are no such places.
        """

    def cars(self, places: Sequence[Place], cars: int) -> World:
        """So many cars, number i at places[i % len(places)].

        Raises:
            ParamsError: this machine cannot have such a world.
        """

    def columns(self, places: Sequence[Place], outcome: Outcome, recording: Recording) -> Columns:
        """What files remember of episodes besides what they do in every world; car i drove at
        places[i].
        """

    def prospects(self, outcome: Outcome, recording: Recording) -> NDArray[np.float64]:
        """(frames,): what the cars of a batch could still earn, a potential for who learns by
        trying (Ng et al. 1999): a step is as good as its reward and what it does to this.

        Raises:
            ParamsError: this world does not tell.
        """

    def measures(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """By the name of a metric, what it is the mean of, given all columns of a batch."""
