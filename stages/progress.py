"""Progress for the person who waits."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(steps: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Go through `steps` behind a bar with an ETA; silent when standard error is no terminal."""
    if not sys.stderr.isatty():
        yield from steps
        return
    from tqdm import tqdm  # its import costs more than a short stage's whole bar

    yield from tqdm(steps, desc=what, total=total, delay=1.0, leave=False, dynamic_ncols=True)
