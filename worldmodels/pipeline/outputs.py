"""Atomic outputs: files are written completely or not at all; and errors for unreadable files."""

from __future__ import annotations

import csv
import glob
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from worldmodels.pipeline.errors import UserError

Arrays = Mapping[str, NDArray[Any]]
UNREADABLE = (  # what Python, NumPy and HDF5 raise at files that are damaged
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError),
    *(zipfile.BadZipFile, csv.Error),
)


class AtomicOutputs:
    """Files that get their final names when the block ends without an error.

    The temporary files lie in the folders of the final ones, so a rename is atomic. After an error
    no file is renamed, and the temporary ones are removed.

    Example:
        >>> with AtomicOutputs() as outputs:  # doctest: +SKIP
        ...     outputs.temporary_path(Path("models/v.npz")).write_bytes(content)
    """

    def __init__(self) -> None:
        self._temporary: dict[Path, Path] = {}

    def temporary_path(self, path: Path) -> Path:
        """The temporary name to write `path` under."""
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
            if not _is_running(stale.suffixes[-2]):  # its process was killed
                stale.unlink(missing_ok=True)
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


def _is_running(process: str) -> bool:
    """Whether the process of this number, "." before it, has not ended."""
    try:
        os.kill(int(process[1:]), 0)
        status = Path(f"/proc/{process[1:]}/stat").read_text(encoding="utf-8", errors="replace")
    except (ProcessLookupError, ValueError):
        return False
    except OSError:  # another user's, or a system that tells no more
        return True
    return status.rpartition(")")[2].split()[0] != "Z"  # a zombie has ended


@contextmanager
def readable(path: Path, stage: str) -> Iterator[None]:
    """Turn whatever the block raises while reading `path` into an error that names its stage.

    Raises:
        UserError: the file is not there or not readable.
    """
    try:
        yield
    except FileNotFoundError:
        raise file_error(path, "no such file", stage) from None
    except UNREADABLE as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise file_error(path, f"damaged or of another kind ({problem})", stage) from None


def file_error(path: Path, problem: str, stage: str) -> UserError:
    """An error that names a file, what is wrong with it, and how to make it again."""
    return UserError(
        f"{path}: {problem}; stage {stage} makes it: run 'dvc repro {stage}', "
        f"or 'dvc repro -f {stage}' to make it anew"
    )
