"""Every file that the stages write, and what is in it.

Files are read back through the same lists of fields, so what a stage gets is what stands here.
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

from worldmodels.pipeline.outputs import file_error, readable
from worldmodels.pipeline.storage import npz
from worldmodels.pipeline.storage.frames import FrameSubset, LazyArray
from worldmodels.pipeline.storage.tables import Episodes, Field

AnyModel = TypeVar("AnyModel")
Maker = Callable[[Mapping[str, NDArray[Any]]], AnyModel]  # from a file's arrays, or ValueError
PART_BYTES = 1 << 26  # of pictures


@dataclass(frozen=True)
class Episode:
    """One episode of L steps and L + 1 frames."""

    observations: NDArray[np.uint8]  # (L + 1, height, width, channels)
    actions: NDArray[np.float32]  # (L, actions)
    rewards: NDArray[np.float64]  # (L,)

    @property
    def score(self) -> float:
        """Its return."""
        return float(self.rewards.sum())


@dataclass(frozen=True)
class RoadEpisode(Episode):
    """One in the racing world."""

    states: NDArray[np.float64]  # (L + 1, 4)
    distances: NDArray[np.float64]  # (L + 1,)


@dataclass(frozen=True)
class EpisodeTable(Episodes):
    """Episodes with all that was seen and done, as every world has it."""

    terminated: Annotated[NDArray[np.bool_], Field("bool", "episodes", "lost, far off the road")]
    laps: Annotated[NDArray[np.float64], Field("float64", "episodes", "laps driven, signed")]
    observations: Annotated[
        LazyArray,
        Field("uint8", "frames height width channels", "what the car saw; 255 is white", True),
    ]
    actions: Annotated[
        NDArray[np.float32], Field("float32", "steps actions", "what it then did, in [-1, 1]")
    ]
    rewards: Annotated[NDArray[np.float64], Field("float64", "steps", "what it got for it")]

    def episode(self, number: int) -> Episode:
        """One of the episodes."""
        frames, steps = self._rows(number)
        return Episode(self.observations[frames], self.actions[steps], self.rewards[steps])

    def _rows(self, number: int) -> tuple[slice, slice]:
        """The frames and the steps of an episode."""
        ends = slice(number, number + 2)
        return slice(*self.first_frame[ends]), slice(*self.first_step[ends])


@dataclass(frozen=True)
class RacingColumns(EpisodeTable):
    """What the racing world adds: how the cars drove, and on what roads."""

    states: Annotated[
        NDArray[np.float64],
        Field("float64", "frames 4", "x, y (world units), heading (rad), speed"),
    ]
    distances: Annotated[
        NDArray[np.float64], Field("float64", "frames", "from the centreline, world units")
    ]
    radius: Annotated[NDArray[np.float64], Field("float64", "episodes", "of the road, world units")]
    harmonics: Annotated[
        NDArray[np.float64],
        Field("float64", "episodes terms 3", "of the road: order, amplitude, phase"),
    ]
    half_width: Annotated[
        NDArray[np.float64], Field("float64", "episodes", "of the road, world units")
    ]

    def episode(self, number: int) -> RoadEpisode:
        """One of the episodes."""
        frames, steps = self._rows(number)
        return RoadEpisode(
            self.observations[frames],
            self.actions[steps],
            self.rewards[steps],
            self.states[frames],
            self.distances[frames],
        )


@dataclass(frozen=True)
class CarRacingColumns(EpisodeTable):
    """What CarRacing adds: on which tracks, and who came round."""

    track_seeds: Annotated[NDArray[np.int64], Field("int64", "episodes", "of the game's tracks")]
    finished: Annotated[NDArray[np.bool_], Field("bool", "episodes", "drove the whole track")]


@dataclass(frozen=True)
class Rollouts(EpisodeTable):
    """data/rollouts.h5: episodes to learn from."""

    stage: ClassVar[str] = "collect"
    held_out: Annotated[
        NDArray[np.bool_], Field("bool", "episodes", "kept from training, for scoring V and M")
    ]
    round: Annotated[
        NDArray[np.int64], Field("int64", "episodes", "of the procedure, in which it was driven")
    ]

    def _inconsistency(self) -> str | None:
        return super()._inconsistency() or _lack(self.held_out)

    def spans(self) -> list[tuple[int, int]]:
        """Where to cut into parts that fit in memory: the first episode of each, and the next's."""
        most = max(1, PART_BYTES // math.prod(self.observations.shape[1:]))  # frames
        spans, first = [], 0
        while first < len(self.lengths):
            end = self.first_frame[first] + most
            next_first = int(np.searchsorted(self.first_frame, end, "right")) - 1
            spans.append((first, max(first + 1, next_first)))
            first = spans[-1][1]
        return spans

    def frames(self, *, held_out: bool) -> FrameSubset:
        """Observations of the episodes that are, or are not, held out."""
        chosen = np.repeat(self.held_out == held_out, self.lengths + 1)
        return FrameSubset(self.observations, np.flatnonzero(chosen))


@dataclass(frozen=True)
class Latents(Episodes):
    """data/latents.h5: the same episodes as V sees them."""

    stage: ClassVar[str] = "encode"
    kind: ClassVar[str] = "latents"
    terminated: Annotated[NDArray[np.bool_], Field("bool", "episodes", "as in the rollouts")]
    held_out: Annotated[NDArray[np.bool_], Field("bool", "episodes", "as in the rollouts")]
    round: Annotated[NDArray[np.int64], Field("int64", "episodes", "as in the rollouts")]
    mean: Annotated[NDArray[np.float32], Field("float32", "frames z", "V's code z of each frame")]
    logvar: Annotated[
        NDArray[np.float32], Field("float32", "frames z", "log of the variance that V gives it")
    ]
    actions: Annotated[NDArray[np.float32], Field("float32", "steps actions", "as in the rollouts")]
    rewards: Annotated[NDArray[np.float64], Field("float64", "steps", "as in the rollouts")]

    def steps_to_peak_return(self) -> NDArray[np.int64]:
        """(episodes,): after how many steps the return of each was at its highest."""
        gained = [np.cumsum(self.rewards[slice(*span)]) for span in pairwise(self.first_step)]
        return np.array([each.argmax() + 1 for each in gained], np.int64)

    def _inconsistency(self) -> str | None:
        return super()._inconsistency() or _lack(self.held_out)


def _lack(held_out: NDArray[np.bool_]) -> str | None:
    if held_out.all() or not held_out.any():
        return "it should hold episodes to learn from, and others that are held out"
    return None


@dataclass(frozen=True)
class EvaluationEpisodes(EpisodeTable):
    """data/drives.h5: the final drives."""

    stage: ClassVar[str] = "evaluate"
    by_controller: Annotated[
        NDArray[np.bool_], Field("bool", "episodes", "driven by C; otherwise by the random policy")
    ]


@dataclass(frozen=True)
class RacingRollouts(Rollouts, RacingColumns):
    """Those of the racing world."""

    kind: ClassVar[str] = "rollouts of racing"


@dataclass(frozen=True)
class CarRacingRollouts(Rollouts, CarRacingColumns):
    """Those of CarRacing."""

    kind: ClassVar[str] = "rollouts of carracing"


@dataclass(frozen=True)
class RacingEvaluation(EvaluationEpisodes, RacingColumns):
    """Those of the racing world."""

    kind: ClassVar[str] = "drives of racing"


@dataclass(frozen=True)
class CarRacingEvaluation(EvaluationEpisodes, CarRacingColumns):
    """Those of CarRacing."""

    kind: ClassVar[str] = "drives of carracing"


@dataclass(frozen=True)
class Model:
    """models/v.npz, m.npz, c.npz: the arrays that a class of that `kind` is made of, and checks."""

    kind: str
    arrays: Mapping[str, NDArray[Any]]

    def write(self, path: Path) -> None:
        """Write the file at once under its own name; a stage writes under a temporary one."""
        npz.write(path, self.arrays, self.kind)

    @classmethod
    def read(cls, path: Path, stage: str) -> Model:
        """The model in a file that `stage` makes.

        Raises:
            UserError: it is missing or damaged.
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
