"""The files that stages write: tables of episodes as HDF5, models as npz.

A table's class lists its columns; files are written from that list and checked against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import file_error, readable
from worldmodels.pipeline.storage import npz
from worldmodels.pipeline.storage.episode_tables import (
    CarRacingColumns,
    DoomColumns,
    EpisodeTable,
    RacingColumns,
    SeedColumn,
)
from worldmodels.pipeline.storage.frames import FrameSubset
from worldmodels.pipeline.storage.tables import Episodes, Field

AnyModel = TypeVar("AnyModel")
Maker = Callable[[Mapping[str, NDArray[Any]]], AnyModel]  # from a file's arrays, or ValueError
PART_BYTES = 1 << 26  # of observations


@dataclass(frozen=True)
class Rollouts(EpisodeTable):
    """data/rollouts.h5: the episodes that V and M are trained and scored on."""

    stage: ClassVar[str] = "collect"
    left_right_action: ClassVar[int | None] = None  # its number, if left and right are alike
    held_out: Annotated[
        NDArray[np.bool_], Field("bool", "episodes", "not for training: V and M are scored on it")
    ]
    round: Annotated[NDArray[np.int64], Field("int64", "episodes", "in which it was collected")]

    def _inconsistency(self) -> str | None:
        return super()._inconsistency() or _split_error(self.held_out)

    def spans(self) -> list[tuple[int, int]]:
        """Ranges of episodes, (first, last + 1), whose observations have about PART_BYTES each."""
        max_frames = max(1, PART_BYTES // math.prod(self.observations.shape[1:]))
        spans, first = [], 0
        while first < len(self.lengths):
            end = self.first_frame[first] + max_frames
            next_first = int(np.searchsorted(self.first_frame, end, "right")) - 1
            spans.append((first, max(first + 1, next_first)))
            first = spans[-1][1]
        return spans

    def frames(self, *, held_out: bool) -> FrameSubset:
        """The observations of all episodes that are held out, or of all others."""
        mask = np.repeat(self.held_out == held_out, self.lengths + 1)
        return FrameSubset(self.observations, np.flatnonzero(mask))


@dataclass(frozen=True)
class Latents(Episodes):
    """data/latents.h5: the episodes of the rollouts, encoded by V."""

    stage: ClassVar[str] = "encode"
    kind: ClassVar[str] = "latents"
    terminated: Annotated[NDArray[np.bool_], Field("bool", "episodes", "as in the rollouts")]
    held_out: Annotated[NDArray[np.bool_], Field("bool", "episodes", "as in the rollouts")]
    round: Annotated[NDArray[np.int64], Field("int64", "episodes", "as in the rollouts")]
    mean: Annotated[NDArray[np.float32], Field("float32", "frames z", "of the posterior of z")]
    logvar: Annotated[NDArray[np.float32], Field("float32", "frames z", "of the posterior of z")]
    actions: Annotated[NDArray[np.float32], Field("float32", "steps actions", "as in the rollouts")]
    rewards: Annotated[NDArray[np.float64], Field("float64", "steps", "as in the rollouts")]

    def steps_to_peak_return(self) -> NDArray[np.int64]:
        """(episodes,): the number of steps after which the return of each was at its highest."""
        returns = [np.cumsum(self.rewards[slice(*span)]) for span in pairwise(self.first_step)]
        return np.array([each.argmax() + 1 for each in returns], np.int64)

    def check_sizes(self, path: Path, m_path: Path, z_size: int, action_size: int) -> None:
        """Raise an error if z and actions have other numbers of dimensions than those of M.

        Args:
            path: of the latents.
            m_path: of M.
            z_size: M's.
            action_size: M's.

        Raises:
            UserError: z or actions have another number of dimensions.
        """
        found = self.mean.shape[1], self.actions.shape[1]
        if found != (z_size, action_size):
            raise UserError(
                f"{path}: its z and actions have {found[0]} and {found[1]} numbers, but those of "
                f"{m_path} have {z_size} and {action_size}; run 'dvc repro'"
            )

    def _inconsistency(self) -> str | None:
        return super()._inconsistency() or _split_error(self.held_out)


def _split_error(held_out: NDArray[np.bool_]) -> str | None:
    if held_out.all() or not held_out.any():
        return "it should hold episodes for training, and others that are held out"
    return None


@dataclass(frozen=True)
class EvaluationEpisodes(EpisodeTable):
    """data/evaluation.h5: the episodes of the final evaluation."""

    stage: ClassVar[str] = "evaluate"
    by_controller: Annotated[
        NDArray[np.bool_], Field("bool", "episodes", "of the agent, not of the random policy")
    ]


@dataclass(frozen=True)
class RacingRollouts(Rollouts, RacingColumns):
    """Rollouts of the racing environment."""

    kind: ClassVar[str] = "rollouts of racing"
    left_right_action = 0  # steer


@dataclass(frozen=True)
class CarRacingRollouts(Rollouts, CarRacingColumns):
    """Rollouts of CarRacing."""

    kind: ClassVar[str] = "rollouts of carracing"
    left_right_action = 0  # steer


@dataclass(frozen=True)
class DoomRollouts(Rollouts, DoomColumns):
    """Rollouts of Doom."""

    kind: ClassVar[str] = "rollouts of doom"
    left_right_action = 0  # to a side


@dataclass(frozen=True)
class GymnasiumRollouts(Rollouts, SeedColumn):
    """Rollouts of another environment of Gymnasium."""

    kind: ClassVar[str] = "rollouts of gymnasium"


@dataclass(frozen=True)
class RacingEvaluation(EvaluationEpisodes, RacingColumns):
    """Evaluation episodes of the racing environment."""

    kind: ClassVar[str] = "evaluation of racing"


@dataclass(frozen=True)
class CarRacingEvaluation(EvaluationEpisodes, CarRacingColumns):
    """Evaluation episodes of CarRacing."""

    kind: ClassVar[str] = "evaluation of carracing"


@dataclass(frozen=True)
class DoomEvaluation(EvaluationEpisodes, DoomColumns):
    """Evaluation episodes of Doom."""

    kind: ClassVar[str] = "evaluation of doom"


@dataclass(frozen=True)
class GymnasiumEvaluation(EvaluationEpisodes, SeedColumn):
    """Evaluation episodes of another environment of Gymnasium."""

    kind: ClassVar[str] = "evaluation of gymnasium"


@dataclass(frozen=True)
class Model:
    """models/v.npz, m.npz, c.npz: the arrays that the class named `kind` makes a model of."""

    kind: str
    arrays: Mapping[str, NDArray[Any]]

    def write(self, path: Path) -> None:
        """Write the file; not atomic, so a stage passes a temporary path."""
        npz.write(path, self.arrays, self.kind)

    @classmethod
    def read(cls, path: Path, stage: str) -> Model:
        """The arrays in a file that `stage` makes.

        Raises:
            UserError: the file is missing or damaged.
        """
        with readable(path, stage):
            kind, arrays = npz.read(path)
            if not kind:
                raise ValueError("it does not say what kind of model it holds")
            for name, array in arrays.items():
                if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
                    raise ValueError(f"'{name}' holds something else than finite numbers")
        return cls(kind, arrays)


def load_model(path: Path, stage: str, makers: Mapping[str, Maker[AnyModel]]) -> AnyModel:
    """The model in a file that `stage` makes, built by the maker of its kind.

    Raises:
        UserError: the file is missing or damaged, or no maker takes what is in it.
    """
    model = Model.read(path, stage)
    if model.kind not in makers:
        known = " or ".join(makers)
        raise file_error(path, f"it should hold {known}, and says it holds {model.kind}", stage)
    try:
        return makers[model.kind](model.arrays)
    except ValueError as error:
        raise file_error(path, f"not a whole {model.kind}: {error}", stage) from None
