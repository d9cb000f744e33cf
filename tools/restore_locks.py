"""Restores a dvc.lock that DVC has left torn.

DVC rewrites dvc.lock in place after each stage. Killed in that moment, it leaves an empty or cut
file, and then every command of DVC fails. `make` runs this first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from voluptuous import MultipleInvalid

from tools.fast_yaml import parse_yaml
from tools.rooms import ROOT


def is_torn(path: Path) -> bool:
    """Whether DVC cannot read a lock file: it is empty, or cut in the middle of an entry."""
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
        COMPILED_LOCKFILE_SCHEMA(content)
    except (yaml.YAMLError, UnicodeDecodeError, MultipleInvalid):
        return True
    return "schema" not in content  # DVC takes {} as a lock of its first version


def restore(root: Path) -> list[str]:
    """Restore every torn lock file that git knows, below a root; their paths.

    Raises:
        subprocess.CalledProcessError: git cannot restore one.
    """
    command = ["git", "ls-files", "-z", "*dvc.lock"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    names = os.fsdecode(listed).split("\0")
    torn = [name for name in names if name and (root / name).exists()]
    torn = [name for name in torn if is_torn(root / name)]
    for name in torn:
        subprocess.run(["git", "checkout", "--quiet", "HEAD", "--", name], cwd=root, check=True)
    return torn


def main() -> None:
    """Restore them, and say so in a line each."""
    try:
        torn = restore(ROOT)
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository: nothing to restore
        return
    for name in torn:
        print(
            f"{name} was torn (DVC was killed while writing it): restored from git", file=sys.stderr
        )


if __name__ == "__main__":
    main()
