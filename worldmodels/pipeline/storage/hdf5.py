"""HDF5 files of named arrays: written in parts, deterministic, and validated before use.

In the format used here HDF5's metadata have checksums, and so have the chunks of the arrays: a
flipped bit is an error when it is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.file_errors import readable
from worldmodels.pipeline.outputs import Arrays
from worldmodels.pipeline.storage.deferred_errors import DeferredErrorFile
from worldmodels.pipeline.storage.frames import BLOCK_BYTES, block_length

FORMAT = ("v110", "v110")  # oldest and newest version that may be written
SIGNATURE = b"\x89HDF\r\n\x1a\n\x03"  # the first bytes of every file of that format
FILTERS = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32]
TRUSTED_BYTES = 1 << 26  # of an array that is read at once; a larger one must not be larger than
TRUSTED_RATIO = 64  # times its compressed size


class Writer:
    """Writes a new file; arrays are appended to, in compressed chunks with checksums.

    Args:
        path: of the file.
        kind: of its content, stored as an attribute.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._raw = DeferredErrorFile(path)
        self._file = h5py.File(self._raw, "w", libver=FORMAT)
        self._file.attrs["kind"] = np.bytes_(kind)

    def append(self, arrays: Arrays) -> None:
        """Append rows to the arrays; every call names the same arrays.

        Raises:
            OSError: an earlier write failed, for example because the disk is full.
        """
        self._raw.check()
        for name, rows in arrays.items():
            dataset = self._file[name] if name in self._file else self._new(name, rows)
            start = len(dataset)
            dataset.resize(start + len(rows), axis=0)
            dataset[start:] = rows

    def _new(self, name: str, rows: NDArray[Any]) -> h5py.Dataset:
        row = rows.shape[1:]
        unit = tuple(size or 1 for size in row)  # HDF5 has no empty chunks
        return self._file.create_dataset(
            name,
            shape=(0, *row),
            maxshape=(
                None,
                *(size or None for size in row),
            ),  # an axis of length 0 must be growable
            chunks=(block_length(rows.dtype.itemsize * math.prod(unit)), *unit),
            dtype=rows.dtype,
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
            track_times=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        self._raw.close()
        if kind is None:
            self._raw.check()


class LazyDataset:
    """An array (N, ...) in a file, whose rows are read on demand.

    Args:
        dataset: the array.
        path: the file, for error messages.
        stage: the stage that makes it, for error messages.
    """

    def __init__(self, dataset: h5py.Dataset, path: Path, stage: str) -> None:
        self.shape: tuple[int, ...] = dataset.shape
        self._dataset = dataset
        self._path = path
        self._stage = stage

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | slice | NDArray[np.integer[Any]], /) -> NDArray[Any]:
        """The rows of an index, a slice or an array of indices.

        Raises:
            UserError: the rows are damaged.
        """
        with readable(self._path, self._stage), _array_in_errors(self._dataset.name[1:]):
            return self._gather(rows) if isinstance(rows, np.ndarray) else self._dataset[rows]

    def _gather(self, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """The rows of an array of indices; each run of consecutive rows is read at once."""
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        ends = np.flatnonzero(np.diff(ascending) != 1) + 1
        runs = np.split(ascending, ends) if len(rows) else []
        values = np.empty((len(rows), *self.shape[1:]), self._dataset.dtype)
        start = 0
        for run in runs:
            end = start + len(run)
            self._dataset.read_direct(values, np.s_[run[0] : run[-1] + 1], np.s_[start:end])
            start = end
        is_sorted = np.array_equal(ascending, rows)  # then there is nothing to copy
        return values if is_sorted else values[np.argsort(order)]


def open_arrays(path: Path) -> tuple[str, dict[str, h5py.Dataset]]:
    """The kind of a file, and its arrays, which are validated but not yet read.

    Raises:
        OSError, ValueError, KeyError, RuntimeError, TypeError: the file is damaged, or was not
            written by `Writer`.
    """
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise ValueError("not an HDF5 file as stages write them")
    content = _open_unlocked(path)
    return _read_kind(content), {name: _open_dataset(content, name) for name in content}


def _open_unlocked(path: Path) -> h5py.File:
    """The file, open for reading without a lock.

    Network file systems may refuse locks, and none is needed: a file gets its name when it is
    complete, and is never written to again.
    """
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if "locking flag" not in str(error):  # this process has it open with a lock, in a notebook
            raise
        return h5py.File(path, "r")


def read_all(dataset: h5py.Dataset) -> NDArray[Any]:
    """All rows of an array.

    Raises:
        OSError: the array is damaged.
        ValueError: it claims to be far larger than its compressed size allows.
    """
    name, stored = dataset.name[1:], dataset.id.get_storage_size()
    if dataset.nbytes > max(TRUSTED_BYTES, TRUSTED_RATIO * stored):
        raise ValueError(f"'{name}' claims {dataset.nbytes:,} bytes, and has {stored:,}")
    with _array_in_errors(name):
        array: NDArray[Any] = dataset[()]
    return array


@contextmanager
def _array_in_errors(name: str) -> Iterator[None]:
    """Add the array's name to errors, which HDF5 does not do."""
    try:
        yield
    except OSError as error:
        named = OSError(f"'{name}': {error}")
        named.errno = error.errno
        raise named from None


def _read_kind(file: h5py.File) -> str:
    """The kind of a file's content."""
    if list(file.attrs) != ["kind"]:
        return "nothing"
    attribute = file.attrs.get_id("kind")
    if attribute.shape != () or attribute.dtype.kind != "S":  # variable-length text lies elsewhere
        raise ValueError("its kind is not stored as stages store it")
    return bytes(file.attrs["kind"]).decode("ascii")


def _open_dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """A dataset that is safe to read: complete, in this file, and in chunks as `Writer` makes them.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"'{name}' is a link, perhaps to another file")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"'{name}' is not an array")
    storage = dataset.id.get_create_plist()
    if dataset.is_virtual or storage.get_external_count():
        raise ValueError(f"the data of '{name}' are in other files")
    filters = [storage.get_filter(number)[0] for number in range(storage.get_nfilters())]
    chunk = dataset.chunks or ()
    if filters != FILTERS or math.prod(chunk) * dataset.dtype.itemsize > BLOCK_BYTES:
        raise ValueError(f"'{name}' is not stored as stages store arrays")
    grid = zip(dataset.shape, chunk, strict=True)
    chunks, stored = math.prod(-(-size // side) for size, side in grid), dataset.id.get_num_chunks()
    if chunks != stored:
        raise ValueError(
            f"'{name}' claims shape {dataset.shape}: {chunks:,} chunks, and {stored:,} are stored"
        )
    return dataset
