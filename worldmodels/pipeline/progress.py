"""Progress bars."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(
    steps: Iterable[T], description: str, total: int | None = None, done: int = 0
) -> Iterator[T]:
    """Iterate over `steps` behind a bar with an ETA; silent unless standard error is a terminal.

    Of the environment variables of tqdm it heeds TQDM_DISABLE: with others a bar may fail.

    Args:
        steps: what to iterate over.
        description: in front of the bar.
        total: the number of steps, with those that came before.
        done: how many came before these.
    """
    if not (sys.stderr and sys.stderr.isatty()) or os.environ.get("TQDM_DISABLE"):
        yield from steps
        return
    for variable in [name for name in os.environ if name.startswith("TQDM_")]:
        del os.environ[variable]
    from tqdm import tqdm  # its import takes too long for stages without a bar

    bar = tqdm(steps, description, total, leave=False, dynamic_ncols=True, initial=done, delay=1.0)
    yield from bar
