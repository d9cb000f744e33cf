"""Progress for the person who waits."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(steps: Iterable[T], what: str, total: int | None = None, done: int = 0) -> Iterator[T]:
    """Go through `steps` behind a bar with an ETA; silent when standard error is no terminal.

    Of `total` steps so many are done before the first of these.
    """
    if not sys.stderr.isatty():
        yield from steps
        return
    from tqdm import tqdm  # its import costs more than a short stage's whole bar

    bar = tqdm(steps, what, total, leave=False, dynamic_ncols=True, initial=done, delay=1.0)
    yield from bar
