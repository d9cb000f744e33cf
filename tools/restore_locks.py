"""Restores a dvc.lock that DVC has left torn.

DVC rewrites dvc.lock in place after each stage. Killed in that moment, it leaves an empty or cut
file, and then every command of DVC fails. `make` runs this first. One with a merge conflict, which
DVC cannot read either, is left to the person who merges.
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


def lock_files(root: Path, *command: str) -> set[str]:
    """The paths of the lock files below a root that a command of git lists."""
    git = ["git", *command, "-z", "--", "*dvc.lock"]
    listed = subprocess.run(git, cwd=root, capture_output=True, check=True).stdout
    return {name for name in os.fsdecode(listed).split("\0") if name}


def conflicts(root: Path) -> list[str]:
    """The paths of the lock files below a root that have a merge conflict."""
    return sorted(lock_files(root, "diff", "--name-only", "--diff-filter=U"))


def restore(root: Path) -> list[str]:
    """Restore every torn lock file that git knows, below a root; their paths.

    Raises:
        subprocess.CalledProcessError: git cannot restore one.
    """
    names = sorted(lock_files(root, "ls-files") - {*conflicts(root)})
    torn = [name for name in names if (root / name).exists() and is_torn(root / name)]
    for name in torn:
        subprocess.run(["git", "checkout", "--quiet", "HEAD", "--", name], cwd=root, check=True)
    return torn


def main() -> None:
    """Restore them, and say so in a line each; end with status 1 if one has a merge conflict."""
    try:
        torn = restore(ROOT)
        unmerged = conflicts(ROOT)
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository: nothing to restore
        return
    for name in torn:
        print(
            f"{name} was torn (DVC was killed while writing it): restored from git", file=sys.stderr
        )
    if unmerged:
        name = unmerged[0]
        sys.exit(
            f"{name} has a merge conflict: take a side (git checkout --ours -- {name}, or "
            f"--theirs), git add {name}, then dvc repro in its folder"
        )


if __name__ == "__main__":
    main()
