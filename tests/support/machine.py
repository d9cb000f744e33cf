"""A machine of which only a few commands are on PATH, and Pythons that only say what they are."""

from __future__ import annotations

import subprocess
from pathlib import Path

PYTHON = """\
#!/bin/sh
case "$*" in
*platform*) {says} ;;
"-c import ensurepip, venv") exit {lacks_venv} ;;
"-m venv"*)
  mkdir -p .venv/bin .venv/lib && cp "$0" .venv/bin/python && echo made >>log
  exit {breaks} ;;
*sysconfig*) echo .venv/lib ;;
"-m pip"*) echo "$*" >>log; env >environment; cp "$0" {installs} ;;
esac
"""


def add_script(folder: Path, name: str, text: str) -> Path:
    """Put a script on PATH."""
    path = folder.parent / "bin" / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def add_python(folder: Path, name: str, version: str = "", **answers: str) -> Path:
    """Put a Python of a version on PATH."""
    says = answers.pop("says", f"printf 'CPython {version} /opt/{version}'")
    defaults = {"lacks_venv": "0", "breaks": "0", "installs": ".venv/bin/dvc"}
    answers = {"says": says, **defaults, **answers}
    return add_script(folder, name, PYTHON.format(**answers))


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository, with what is on PATH alone."""
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": str(folder.parent / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `make core` in the repository."""
    return run(folder, "make", "--no-print-directory", "core", *arguments, **environment)
