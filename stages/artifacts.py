"""Every file that the stages write, and what is in it.

The schema of a file is the list of fields of its class: name, type, axes and meaning. A name of an
axis stands for the same length wherever it occurs in one file. Files are read back through the same
list, so what a stage gets is what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from stages import files


class Field(NamedTuple):
    """Type, axes and meaning of one array."""

    dtype: str
    axes: str
    meaning: str


@dataclass(frozen=True)
class Episodes:
    """Arrays over episodes, laid end to end, in an HDF5 file of which each array is a dataset.

    An episode of L steps has L + 1 frames, the last one at its end.
    """

    stage: ClassVar[str]
    lengths: Annotated[NDArray[np.int64], Field("int64", "episodes", "steps of each episode")]

    @classmethod
    def schema(cls) -> dict[str, Field]:
        """Every dataset of the file."""
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: get_args(hints[field.name])[1] for field in fields(cls)}

    def write(self, path: Path) -> None:
        """Write the file at once under its own name; a stage writes under a temporary one."""
        arrays = {
            name: np.ascontiguousarray(getattr(self, name), field.dtype)
            for name, field in self.schema().items()
        }
        files.write_hdf5(path, arrays, {"kind": type(self).__name__.lower()})

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file's arrays.

        Raises:
            UserError: it is missing, damaged, or does not hold what stands above.
        """
        arrays, attributes = files.checked_read(files.read_hdf5, path, cls.stage)
        kind = cls.__name__.lower()
        problem = (
            _misfit(cls.schema(), arrays)
            if attributes.get("kind") == kind
            else f"it should hold {kind}, and says it holds {attributes.get('kind', 'nothing')}"
        )
        if problem:
            raise files.refused(path, problem, cls.stage)
        table = cls(**arrays)
        if problem := table._inconsistency():
            raise files.refused(path, problem, cls.stage)
        return table

    @cached_property
    def first_frame(self) -> NDArray[np.int64]:
        """(episodes + 1,): episode e has the frames first_frame[e] to first_frame[e + 1] - 1."""
        return np.concatenate([[0], np.cumsum(self.lengths + 1)])

    @cached_property
    def first_step(self) -> NDArray[np.int64]:
        """(episodes + 1,): episode e has the steps first_step[e] to first_step[e + 1] - 1."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    def _inconsistency(self) -> str | None:
        """What is wrong between arrays that are right one by one."""
        frames, steps = (
            next(
                len(getattr(self, name))
                for name, field in self.schema().items()
                if field.axes.split()[0] == axis
            )
            for axis in ("frames", "steps")
        )
        if self.lengths.size == 0 or self.lengths.min() < 1:
            return "it should hold episodes of at least one step each"
        if self.first_step[-1] != steps or self.first_frame[-1] != frames:
            return (
                f"its episodes have {self.first_step[-1]} steps and {self.first_frame[-1]} frames, "
                f"its arrays {steps} and {frames}"
            )
        return None


class Episode(NamedTuple):
    """One episode of L steps and L + 1 frames."""

    observations: NDArray[np.uint8]  # (L + 1, height, width, channels)
    states: NDArray[np.float64]  # (L + 1, 4)
    distances: NDArray[np.float64]  # (L + 1,)
    actions: NDArray[np.float32]  # (L, actions)
    rewards: NDArray[np.float64]  # (L,)

    @property
    def score(self) -> float:
        """Its return."""
        return float(self.rewards.sum())


@dataclass(frozen=True)
class RecordedEpisodes(Episodes):
    """Episodes with all that was seen and done."""

    terminated: Annotated[NDArray[np.bool_], Field("bool", "episodes", "lost, far off the road")]
    observations: Annotated[
        NDArray[np.uint8],
        Field("uint8", "frames height width channels", "what the car saw; 255 is white"),
    ]
    states: Annotated[
        NDArray[np.float64],
        Field("float64", "frames 4", "x, y (world units), heading (rad), speed"),
    ]
    distances: Annotated[
        NDArray[np.float64], Field("float64", "frames", "from the centreline, world units")
    ]
    actions: Annotated[
        NDArray[np.float32], Field("float32", "steps actions", "what it then did, in [-1, 1]")
    ]
    rewards: Annotated[NDArray[np.float64], Field("float64", "steps", "what it got for it")]
    radius: Annotated[NDArray[np.float64], Field("float64", "episodes", "of the road, world units")]
    harmonics: Annotated[
        NDArray[np.float64],
        Field("float64", "episodes terms 3", "of the road: order, amplitude, phase"),
    ]
    half_width: Annotated[
        NDArray[np.float64], Field("float64", "episodes", "of the road, world units")
    ]

    def episode(self, number: int) -> Episode:
        """One of the episodes."""
        frames = slice(*self.first_frame[number : number + 2])
        steps = slice(*self.first_step[number : number + 2])
        return Episode(
            self.observations[frames],
            self.states[frames],
            self.distances[frames],
            self.actions[steps],
            self.rewards[steps],
        )


@dataclass(frozen=True)
class Rollouts(RecordedEpisodes):
    """data/rollouts.h5: episodes of a random policy."""

    stage: ClassVar[str] = "collect"
    held_out: Annotated[
        NDArray[np.bool_], Field("bool", "episodes", "kept from training, for scoring V and M")
    ]

    def frames(self, *, held_out: bool) -> NDArray[np.uint8]:
        """Observations of the episodes that are, or are not, held out."""
        chosen = np.repeat(self.held_out == held_out, self.lengths + 1)
        frames: NDArray[np.uint8] = self.observations[chosen]
        return frames


@dataclass(frozen=True)
class Latents(Episodes):
    """data/latents.h5: the same episodes as V sees them."""

    stage: ClassVar[str] = "encode"
    terminated: Annotated[NDArray[np.bool_], Field("bool", "episodes", "as in the rollouts")]
    held_out: Annotated[NDArray[np.bool_], Field("bool", "episodes", "as in the rollouts")]
    mean: Annotated[NDArray[np.float32], Field("float32", "frames z", "V's code z of each frame")]
    logvar: Annotated[
        NDArray[np.float32], Field("float32", "frames z", "log of the variance that V gives it")
    ]
    actions: Annotated[NDArray[np.float32], Field("float32", "steps actions", "as in the rollouts")]
    rewards: Annotated[NDArray[np.float64], Field("float64", "steps", "as in the rollouts")]


@dataclass(frozen=True)
class Drives(RecordedEpisodes):
    """data/drives.h5: the final drives."""

    stage: ClassVar[str] = "evaluate"
    by_controller: Annotated[
        NDArray[np.bool_], Field("bool", "episodes", "driven by C; otherwise by the random policy")
    ]
    laps: Annotated[NDArray[np.float64], Field("float64", "episodes", "laps driven, signed")]


def _misfit(schema: Mapping[str, Field], arrays: files.Arrays) -> str | None:
    """What is wrong with arrays that should be those of a schema."""
    if set(arrays) != set(schema):
        missing, unknown = sorted(set(schema) - set(arrays)), sorted(set(arrays) - set(schema))
        return f"missing arrays {missing}, unknown arrays {unknown}"
    lengths: dict[str, int] = {}
    for name, (dtype, axes, _) in schema.items():
        array, names = arrays[name], axes.split()
        if array.dtype != np.dtype(dtype) or array.ndim != len(names):
            return (
                f"'{name}' should be {dtype} over ({', '.join(names)}), "
                f"found {array.dtype} of shape {array.shape}"
            )
        for axis, length in zip(names, array.shape, strict=True):
            expected = int(axis) if axis.isdigit() else lengths.setdefault(axis, length)
            if length != expected:
                return f"'{name}' has {length} {axis}, where {expected} were expected"
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"'{name}' holds numbers that are not finite"
    return None


@dataclass(frozen=True)
class Model:
    """models/v.npz, m.npz, c.npz: the arrays that a class of that `kind` is made of, and checks."""

    kind: str
    arrays: Mapping[str, NDArray[Any]]

    def write(self, path: Path) -> None:
        """Write the file at once under its own name; a stage writes under a temporary one."""
        files.write_npz(path, self.arrays, {"kind": self.kind})

    @classmethod
    def read(cls, path: Path, stage: str) -> Model:
        """The model in a file that `stage` makes.

        Raises:
            UserError: it is missing, damaged, or says no kind.
        """
        arrays, attributes = files.checked_read(files.read_npz, path, stage)
        if set(attributes) != {"kind"}:
            raise files.refused(path, "it does not say what kind of model it holds", stage)
        return cls(attributes["kind"], arrays)
