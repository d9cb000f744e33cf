"""HDF5 files of named arrays: grown part by part, always the same bytes, believed after a look.

They are of the format in which all that HDF5 notes about arrays has checksums, and the arrays have
their own: a flipped bit is noticed before anything is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.outputs import Arrays, readable
from worldmodels.pipeline.storage.frames import BLOCK_BYTES, block_length

FORMAT = ("v110", "v110")  # oldest and newest that may be written
HEAD = b"\x89HDF\r\n\x1a\n\x03"  # signature and version of every file of that format
FILTERS = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32]
TRUSTED_BYTES = 1 << 26  # of an array read at once; more only if it is no more than
TRUSTED_RATIO = 64  # times what is stored of it


class Writer:
    """A new file, whose arrays grow part by part, in compressed chunks with checksums.

    Args:
        path: where to.
        kind: what the file is to say it holds.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._disk = _DeferredErrorFile(path)
        self._file = h5py.File(self._disk, "w", libver=FORMAT)
        self._file.attrs["kind"] = np.bytes_(kind)

    def append(self, arrays: Arrays) -> None:
        """Put the rows of the same arrays each time behind those that are there.

        Raises:
            OSError: there is no room for them.
        """
        self._disk.check()
        for name, rows in arrays.items():
            dataset = self._file[name] if name in self._file else self._new(name, rows)
            start = len(dataset)
            dataset.resize(start + len(rows), axis=0)
            dataset[start:] = rows

    def _new(self, name: str, rows: NDArray[Any]) -> h5py.Dataset:
        row = rows.shape[1:]
        unit = tuple(size or 1 for size in row)  # HDF5 knows no chunk that is empty
        return self._file.create_dataset(
            name,
            shape=(0, *row),
            maxshape=(None, *(size or None for size in row)),  # 0 counts as an axis that grows
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
        self._disk.close()
        if kind is None:
            self._disk.check()


class _DeferredErrorFile:
    """A file that takes all that it is given, and says later that it could not keep it.

    HDF5 falls over a write that fails: its file can never be closed, and ends the whole process.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)  # a buffer is written by a mere seek or read
        self._error: OSError | None = None
        self.seek, self.tell = self._file.seek, self._file.tell
        self.read, self.readinto = self._file.read, self._file.readinto

    def write(self, content: Any) -> int:
        self._try(lambda: self._write(memoryview(content)))
        return len(content)

    def _write(self, content: memoryview) -> None:
        while content.nbytes:
            content = content[self._file.write(content) :]

    def truncate(self, size: int) -> int:
        self._try(lambda: self._file.truncate(size))
        return size

    def flush(self) -> None:
        self._try(self._file.flush)

    def close(self) -> None:
        self._try(self._file.close)

    def check(self) -> None:
        """Raises:
        OSError: something could not be kept.
        """
        if self._error:
            raise self._error

    def _try(self, action: Callable[[], object]) -> None:
        if self._error:
            return
        try:
            action()
        except OSError as error:
            self._error = error


class LazyDataset:
    """Rows that stay in their file until they are asked for.

    Args:
        dataset: where they are.
        path: the file, and
        stage: who makes it, to say so of rows that are damaged.
    """

    def __init__(self, dataset: h5py.Dataset, path: Path, stage: str) -> None:
        self.shape: tuple[int, ...] = dataset.shape
        self._dataset = dataset
        self._path = path
        self._stage = stage

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | slice | NDArray[np.integer[Any]], /) -> NDArray[Any]:
        """Rows by number, slice or numbers.

        Raises:
            UserError: they are damaged.
        """
        with readable(self._path, self._stage), _named(self._dataset.name[1:]):
            return self._some(rows) if isinstance(rows, np.ndarray) else self._dataset[rows]

    def _some(self, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """HDF5 reads scattered rows one by one, but neighbours at once."""
        order = np.argsort(rows, kind="stable")
        inwards = rows[order]
        runs = np.split(inwards, np.flatnonzero(np.diff(inwards) != 1) + 1) if len(rows) else []
        found = np.empty((len(rows), *self.shape[1:]), self._dataset.dtype)
        start = 0
        for run in runs:
            end = start + len(run)
            self._dataset.read_direct(found, np.s_[run[0] : run[-1] + 1], np.s_[start:end])
            start = end
        in_order = np.array_equal(inwards, rows)  # then nothing is to be copied
        return found if in_order else found[np.argsort(order)]


def open_arrays(path: Path) -> tuple[str, dict[str, h5py.Dataset]]:
    """What a file says it holds, and its arrays, of which nothing has been read yet.

    Raises:
        OSError, ValueError, KeyError, RuntimeError, TypeError: it is damaged, or something else.
    """
    with path.open("rb") as start:
        if start.read(len(HEAD)) != HEAD:
            raise ValueError("not an HDF5 file as stages write them")
    file = h5py.File(path, "r")
    return _kind(file), {name: _checked(file, name) for name in file}


def read_all(dataset: h5py.Dataset) -> NDArray[Any]:
    """All rows of an array.

    Raises:
        OSError: it is damaged.
        ValueError: it claims to be far larger than what is stored of it.
    """
    name, stored = dataset.name[1:], dataset.id.get_storage_size()
    if dataset.nbytes > max(TRUSTED_BYTES, TRUSTED_RATIO * stored):
        raise ValueError(f"'{name}' claims {dataset.nbytes:,} bytes, and has {stored:,}")
    with _named(name):
        array: NDArray[Any] = dataset[()]
    return array


@contextmanager
def _named(array: str) -> Iterator[None]:
    """HDF5 does not say what it cannot read."""
    try:
        yield
    except OSError as error:
        raise OSError(f"'{array}': {error}") from None


def _kind(file: h5py.File) -> str:
    if list(file.attrs) != ["kind"]:
        return "nothing"
    attribute = file.attrs.get_id("kind")
    if attribute.shape != () or attribute.dtype.kind != "S":  # text of any length lies elsewhere
        raise ValueError("what it says it holds is not stored as stages store it")
    return bytes(file.attrs["kind"]).decode("ascii")


def _checked(file: h5py.File, name: str) -> h5py.Dataset:
    """A dataset that is all there, in this file and in chunks of ours: to read it is safe."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"'{name}' is a link, perhaps out of the file")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"'{name}' is not an array")
    storage = dataset.id.get_create_plist()
    if dataset.is_virtual or storage.get_external_count():
        raise ValueError(f"the numbers of '{name}' are in other files")
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
