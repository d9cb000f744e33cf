"""Prints errors that a person can fix as one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import system_error


@contextmanager
def errors_in_a_line(command: str) -> Iterator[None]:
    """End the process with one line and status 1 at a UserError or an OSError in the block.

    Args:
        command: whose name the line begins with.
    """
    try:
        yield
    except UserError as error:
        sys.exit(f"{command}: {error}")
    except OSError as error:
        sys.exit(f"{command}: {system_error(error)}")
