"""Prints errors that a person can fix as one line."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import system_error


@contextmanager
def errors_in_a_line(command: str) -> Iterator[None]:
    """End the process with one line and status 1 at an error that is no bug.

    Such are a UserError, an OSError, and a command that fails.

    Args:
        command: whose name the line begins with.
    """
    try:
        yield
    except UserError as error:
        sys.exit(f"{command}: {error}")
    except OSError as error:
        sys.exit(f"{command}: {system_error(error)}")
    except subprocess.CalledProcessError as error:
        said = f": {error.stderr.strip()}" if error.stderr else ""
        sys.exit(f"{command}: {shlex.join(error.cmd)}: exit status {error.returncode}{said}")
