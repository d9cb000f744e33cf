"""A function `dvc` for scripts of bash, which has DVC's server run the command.

A command is then typed as a person types it, and needs a fifth of the time.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

RunDVC = Callable[[tuple[str, ...], Path, Mapping[str, str]], CompletedProcess[str]]
FUNCTION = """
dvc() {{
    # A worker of the queue keeps the standard output that it is given.
    if [ -n "$LD_PRELOAD" ] || [ "$1" = queue ]; then command dvc "$@"; return; fi
    {{ printf '%s\\0' "$PWD" "$#" "$@"; env -0; }} > '{folder}/request'
    local status
    read -r status < '{folder}/status'
    cat '{folder}/stdout' '{folder}/stderr'
    return "$status"
}}
"""


@contextmanager
def dvc_function(run: RunDVC) -> Iterator[str]:
    """The function's text, for one shell in this block; `run` runs its commands."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for pipe in ("request", "status"):
            os.mkfifo(folder / pipe)
        thread = threading.Thread(target=_answer, args=[folder, run], daemon=True)
        thread.start()
        waits = True  # for the next request
        try:
            yield FUNCTION.format(folder=folder)
        except (TimeoutExpired, KeyboardInterrupt):
            waits = False  # but maybe for the shell, which was killed
            raise
        finally:
            if waits:
                (folder / "request").write_bytes(b"")
                thread.join()


def _answer(folder: Path, run: RunDVC) -> None:
    """Run what is requested, until a request is empty."""
    while request := (folder / "request").read_bytes():
        where, count, *rest = os.fsdecode(request).split("\0")
        arguments, variables = rest[: int(count)], rest[int(count) : -1]
        environment = dict(each.split("=", 1) for each in variables)
        result = run(("dvc", *arguments), Path(where), environment)
        (folder / "stdout").write_text(result.stdout, encoding="utf-8")
        (folder / "stderr").write_text(result.stderr, encoding="utf-8")
        (folder / "status").write_text(f"{result.returncode & 255}\n")
