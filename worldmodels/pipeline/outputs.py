"""Files are written whole or not at all, and those that cannot be read are refused in a line."""

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
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
            if not _runs(left.suffixes[-2]):  # it was killed
                left.unlink(missing_ok=True)
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


def _runs(process: str) -> bool:
    """Whether there is a process of this number, "." before it, that has not ended."""
    try:
        os.kill(int(process[1:]), 0)
        status = Path(f"/proc/{process[1:]}/stat").read_text(encoding="utf-8", errors="replace")
    except (ProcessLookupError, ValueError):
        return False
    except OSError:  # another user's, or a system that tells no more
        return True
    return status.rpartition(")")[2].split()[0] != "Z"  # ended, and nobody has taken notice


@contextmanager
def checked(path: Path, stage: str) -> Iterator[None]:
    """Whatever is raised where `path` is read, as one line that names the stage that makes it.

    Raises:
        UserError: the file is not there or not readable.
    """
    try:
        yield
    except FileNotFoundError:
        raise refused(path, "no such file", stage) from None
    except UNREADABLE as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise refused(path, f"damaged or of another kind ({problem})", stage) from None


def refused(path: Path, problem: str, stage: str) -> UserError:
    """The error that names a file, what is wrong with it, and the way to a good one."""
    return UserError(
        f"{path}: {problem}; stage {stage} makes it: run 'dvc repro {stage}', "
        f"or 'dvc repro -f {stage}' to make it anew"
    )
