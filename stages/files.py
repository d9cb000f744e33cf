"""HDF5 and npz files of named arrays: written whole or not at all, believed after a look."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from stages.errors import UserError

Arrays = Mapping[str, NDArray[Any]]
CHUNK_BYTES = 1 << 18


class Outputs:
    """Files that take their places when the block ends well, and till then have other names.

    The temporary files lie in the folders of the final ones, so that taking the place is one atomic
    rename. After an error none takes its place, and the temporary ones are removed.

    Example:
        >>> with Outputs() as outputs:  # doctest: +SKIP
        ...     outputs.place(Path("models/v.npz")).write_bytes(content)
    """

    def __init__(self) -> None:
        self._temporary: dict[Path, Path] = {}

    def place(self, path: Path) -> Path:
        """The temporary name to write `path` under."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._temporary[path] = temporary
        return temporary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                for temporary in self._temporary.values():
                    with temporary.open("rb+") as file:
                        os.fsync(file.fileno())
                for path, temporary in self._temporary.items():
                    temporary.replace(path)
        finally:
            for temporary in self._temporary.values():
                temporary.unlink(missing_ok=True)


def write_hdf5(path: Path, arrays: Arrays, attributes: Mapping[str, str]) -> None:
    """One dataset an array, in compressed chunks with checksums; always the same bytes."""
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, array in arrays.items():
            if not array.size:  # nothing to cut into chunks
                file.create_dataset(name, data=array, track_times=False)
                continue
            rows = max(1, CHUNK_BYTES // (array.nbytes // len(array)))
            file.create_dataset(
                name,
                data=array,
                chunks=(min(rows, len(array)), *array.shape[1:]),
                maxshape=array.shape,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
                fletcher32=True,
                track_times=False,
            )


def write_npz(path: Path, arrays: Arrays, attributes: Mapping[str, str]) -> None:
    """One entry an array, and one of text for each attribute; always the same bytes.

    Those of `np.savez` differ between releases of Python, by how it marks entries as large.
    """
    texts = {name: np.array(text) for name, text in attributes.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in {**texts, **arrays}.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())


def read_hdf5(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """All arrays and attributes of a file.

    Raises:
        OSError, ValueError, KeyError, RuntimeError: it is damaged, or something else.
    """
    with h5py.File(path, "r") as file:
        for name in file:
            if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"'{name}' is a link out of the file")
            if not isinstance(file[name], h5py.Dataset):
                raise ValueError(f"'{name}' is not an array")
        attributes = {name: str(value) for name, value in file.attrs.items()}
        return {name: dataset[()] for name, dataset in file.items()}, attributes


def read_npz(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """All arrays and attributes of a file; nothing in it is ever unpickled.

    Raises:
        OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile: it is damaged, or something
        else.
    """
    with path.open("rb") as file:  # np.load, given a path, leaves damaged files open
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array")
        entries = {name: archive[name] for name in archive.files}
    text = {name: str(entry) for name, entry in entries.items() if entry.dtype.kind == "U"}
    return {name: entry for name, entry in entries.items() if name not in text}, text


def checked_read(
    read: Callable[[Path], tuple[dict[str, NDArray[Any]], dict[str, str]]], path: Path, stage: str
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """What `read` finds in `path`.

    Raises:
        UserError: the file is not there or not readable; the message names the stage that makes it.
    """
    try:
        return read(path)
    except FileNotFoundError:
        raise refused(path, "no such file", stage) from None
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise refused(path, f"damaged or of another kind ({error})", stage) from None


def refused(path: Path, problem: str, stage: str) -> UserError:
    """The error that names a file, what is wrong with it, and the way to a good one."""
    return UserError(
        f"{path}: {problem}; stage {stage} makes it: run 'dvc repro {stage}', "
        f"or 'dvc repro -f {stage}' to make it anew"
    )
