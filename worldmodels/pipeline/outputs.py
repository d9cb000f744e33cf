"""Atomic outputs: files are written completely or not at all."""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from worldmodels.pipeline.file_errors import named_in_errors

Arrays = Mapping[str, NDArray[Any]]


class AtomicOutputs:
    """Files that get their final names when the block ends without an error.

    The temporary files lie in the folders of the final ones, so a rename is atomic. After an error
    no file is renamed, and the temporary ones are removed.

    Example:
        >>> with AtomicOutputs() as outputs:  # doctest: +SKIP
        ...     with outputs.writing(Path("models/v.npz")) as temporary:
        ...         temporary.write_bytes(content)
    """

    def __init__(self) -> None:
        self._temporary: dict[Path, Path] = {}

    @contextmanager
    def writing(self, path: Path) -> Iterator[Path]:
        """The temporary name to write `path` under, in the block.

        Raises:
            UserError: the system refuses to write it.
        """
        with named_in_errors(path, "written"):
            yield self._temporary_path(path)

    def _temporary_path(self, path: Path) -> Path:
        if not path.name:  # "." or "/"
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
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
                for path, temporary in self._temporary.items():
                    with named_in_errors(path, "written"), temporary.open("rb+") as file:
                        os.fsync(file.fileno())
                for path, temporary in self._temporary.items():
                    with named_in_errors(path, "written"):
                        temporary.replace(path)
        finally:
            for temporary in self._temporary.values():
                with suppress(OSError):  # a read-only disk refuses it: that is said already
                    temporary.unlink(missing_ok=True)


def _is_running(process: str) -> bool:
    """Whether the process of this number, "." before it, has not ended."""
    try:
        os.kill(int(process[1:]), 0)
        status = Path(f"/proc/{process[1:]}/stat").read_text(encoding="utf-8", errors="replace")
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except OSError:  # another user's, or a system that tells no more
        return True
    return status.rpartition(")")[2].split()[0] != "Z"  # a zombie has ended
