"""Progress bars."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(
    steps: Iterable[T], description: str, total: int | None = None, done: int = 0
) -> Iterator[T]:
    """Iterate over `steps` behind a bar with an ETA; silent when standard error is no terminal.

    `total` counts the `done` steps that came before these.
    """
    if not sys.stderr.isatty():
        yield from steps
        return
    from tqdm import tqdm  # its import takes too long for stages without a bar

    bar = tqdm(steps, description, total, leave=False, dynamic_ncols=True, initial=done, delay=1.0)
    yield from bar
