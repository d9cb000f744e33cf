"""Tables of episodes in HDF5 files, whose schema is the list of fields of a class.

A field has a name, a type, axes and a meaning. An axis of the same name has the same length in all
arrays of a file. Files are checked against the schema when they are read.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args, get_type_hints

import h5py
import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import file_error, readable
from worldmodels.pipeline.storage import hdf5


class Field(NamedTuple):
    """Type, axes and meaning of one array."""

    dtype: str
    axes: str
    meaning: str
    large: bool = False  # perhaps larger than the memory: rows are read on demand


@dataclass(frozen=True)
class Episodes:
    """A table of concatenated episodes; each array is a dataset of an HDF5 file.

    An episode of L steps has L + 1 frames, the last one at its end. Files hold tables of the leaf
    classes; the classes above declare the columns that their subclasses share.
    """

    stage: ClassVar[str]  # that makes such files
    kind: ClassVar[str]  # as written in the file
    lengths: Annotated[NDArray[np.int64], Field("int64", "episodes", "steps of each episode")]

    @classmethod
    def kinds(cls) -> dict[str, type[Self]]:
        """The leaf classes at or below this one, by their kind."""
        leaves = [each.kinds() for each in cls.__subclasses__()]
        return {kind: leaf for kinds in leaves for kind, leaf in kinds.items()} or {cls.kind: cls}

    @classmethod
    def schema(cls) -> dict[str, Field]:
        """The datasets of the file, by name."""
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: get_args(hints[field.name])[1] for field in fields(cls)}

    def write(self, path: Path) -> None:
        """Write the file; not atomic, so a stage passes a temporary path."""
        with self.appending(path) as append:
            append(self)

    @classmethod
    @contextmanager
    def appending(cls, path: Path) -> Iterator[Callable[[Self], None]]:
        """A function that appends parts of a table to the file, until the block ends."""
        with hdf5.Writer(path, cls.kind) as writer:
            yield lambda part: writer.append(part._arrays())

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """One table of the episodes of several, in memory."""
        columns = zip(*(part._arrays().values() for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The table in a file, of the class of the file's kind: this class or one below it.

        Columns declared as large stay in the file, and rows are read on demand.

        Raises:
            UserError: the file is missing or damaged, or its arrays are not those of the schema.
        """
        with readable(path, cls.stage):
            kind, datasets = hdf5.open_arrays(path)
        known = cls.kinds()
        wanted = " or ".join(known)
        if kind not in known and getattr(Episodes.kinds().get(kind), "stage", None) == cls.stage:
            raise UserError(f"{path}: it holds {kind}; only {wanted} will do here")
        if kind not in known:
            problem = f"it should hold {wanted}, and says it holds {kind}"
            raise file_error(path, problem, cls.stage)
        return known[kind]._read(path, datasets)

    @classmethod
    def _read(cls, path: Path, datasets: Mapping[str, h5py.Dataset]) -> Self:
        schema = cls.schema()
        if problem := _schema_error(schema, datasets):
            raise file_error(path, problem, cls.stage)
        with readable(path, cls.stage):
            columns: dict[str, Any] = {
                name: hdf5.LazyDataset(dataset, path, cls.stage)
                if schema[name].large
                else hdf5.read_all(dataset)
                for name, dataset in datasets.items()
            }
        table = cls(**columns)
        if problem := table._not_finite() or table._inconsistency():
            raise file_error(path, problem, cls.stage)
        return table

    def schema_mismatch(self, other: Episodes) -> str | None:
        """Why the episodes of another table cannot be appended to these; None if they can."""
        for name in self.schema():
            ours, theirs = (getattr(table, name).shape[1:] for table in (self, other))
            if ours != theirs:
                return f"rows of their '{name}' have shape {ours}, rows of the others' {theirs}"
        return None

    def slice(self, first: int, last: int) -> Self:
        """The episodes `first` to `last - 1`."""
        rows = {
            "episodes": builtins.slice(first, last),
            "frames": builtins.slice(self.first_frame[first], self.first_frame[last]),
            "steps": builtins.slice(self.first_step[first], self.first_step[last]),
        }
        axes = {name: field.axes.split()[0] for name, field in self.schema().items()}
        return type(self)(*(getattr(self, name)[rows[axis]] for name, axis in axes.items()))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            name: np.ascontiguousarray(getattr(self, name)[:], field.dtype)
            for name, field in self.schema().items()
        }

    @cached_property
    def first_frame(self) -> NDArray[np.int64]:
        """(episodes + 1,): episode e has frames first_frame[e] to first_frame[e + 1] - 1."""
        return np.concatenate([[0], np.cumsum(self.lengths + 1)])

    @cached_property
    def first_step(self) -> NDArray[np.int64]:
        """(episodes + 1,): episode e has steps first_step[e] to first_step[e + 1] - 1."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    def _not_finite(self) -> str | None:
        """A message if an array holds NaN or infinity, else None."""
        for name, field in self.schema().items():
            if "float" in field.dtype and not np.isfinite(getattr(self, name)).all():
                return f"'{name}' holds numbers that are not finite"
        return None

    def _inconsistency(self) -> str | None:
        """A message if the arrays contradict each other, else None."""
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
        if self.lengths.max() > steps:  # checked first, because the sum might overflow
            return f"one of its episodes has {self.lengths.max()} steps, all of them have {steps}"
        if self.first_step[-1] != steps or self.first_frame[-1] != frames:
            return (
                f"its episodes have {self.first_step[-1]} steps and {self.first_frame[-1]} frames, "
                f"its arrays {steps} and {frames}"
            )
        return None


def episode_steps(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """(sum of lengths,): the number of each step within its episode, from 0."""
    firsts = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)


def _schema_error(schema: Mapping[str, Field], arrays: Mapping[str, h5py.Dataset]) -> str | None:
    """A message if arrays, not yet read, are not those of a schema, else None."""
    if set(arrays) != set(schema):
        missing, unknown = sorted(set(schema) - set(arrays)), sorted(set(arrays) - set(schema))
        return f"missing arrays {missing}, unknown arrays {unknown}"
    lengths: dict[str, int] = {}
    for name, (dtype, axes, *_) in schema.items():
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
    return None
