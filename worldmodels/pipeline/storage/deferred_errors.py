"""A file for HDF5 to write to, which keeps errors for later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


class DeferredErrorFile:
    """A file whose writes never fail; `check` raises the first error that occurred.

    A failed write makes HDF5 unable to close its file, and then ends the whole process.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)  # with a buffer, seek and read would write
        self._error: OSError | None = None
        self.seek, self.tell = self._file.seek, self._file.tell
        self.read, self.readinto = self._file.read, self._file.readinto

    def write(self, content: Any) -> int:
        """Write all of the content, unless a write has failed before; its length."""
        self._try(lambda: self._write(memoryview(content)))
        return len(content)

    def _write(self, content: memoryview) -> None:
        while content.nbytes:
            content = content[self._file.write(content) :]

    def truncate(self, size: int) -> int:
        """Cut the file, or lengthen it; its new size."""
        self._try(lambda: self._file.truncate(size))
        return size

    def flush(self) -> None:
        """Hand everything to the system."""
        self._try(self._file.flush)

    def close(self) -> None:
        """Close the file."""
        self._try(self._file.close)

    def check(self) -> None:
        """Raise the first error.

        Raises:
            OSError: a write failed.
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
