"""Runs carracing/ with another training seed: python -m tools.carracing_seed SEED [TARGET ...]

It runs in a clone of what is committed, so that the results of the shipped seed stay where they
are; a run that was stopped goes on. Metrics and curves come to carracing/seeds/SEED.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.rooms import ROOT

PROJECT = "carracing"
FOLDERS = ("reports", "ablations")  # of the project, whose metrics and curves are kept
SEED = re.compile(r"^seed: \d+$", re.M)


def clone(root: Path, seed: int) -> Path:
    """A clone of the repository whose CarRacing has that seed; the one that is there, if any."""
    folder = root / ".scratch" / f"{PROJECT}-seed-{seed}"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", str(root), str(partial)], check=True)
        params = partial / PROJECT / "params.yaml"
        text, count = SEED.subn(f"seed: {seed}", params.read_text(encoding="utf-8"))
        if count != 1:
            sys.exit(f"{PROJECT}/params.yaml: expected one line 'seed: NUMBER'; found {count}")
        params.write_text(text, encoding="utf-8")
        partial.rename(folder)
    return folder


def copy_reports(folder: Path, root: Path, seed: int) -> list[Path]:
    """Copy the metrics and curves that a run has written in a clone: where they are now.

    Those that are as in git are of the shipped seed, and are left out.
    """
    project = folder / PROJECT
    command = ["git", "diff", "--name-only", "--relative", "HEAD", "--", *FOLDERS]
    written = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    copies = []
    for name in written.stdout.splitlines():
        if name.endswith((".json", ".csv")) and (project / name).is_file():
            copy = root / PROJECT / "seeds" / str(seed) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project / name, copy)
            copies.append(copy)
    return copies


def main() -> None:
    """Read the command line, run the pipeline, copy its reports."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.carracing_seed", description="Run carracing/ with another seed."
    )
    parser.add_argument("seed", type=int)
    parser.add_argument("target", nargs="*", default=["visualize_carracing"], help="of dvc repro")
    given = parser.parse_args()
    folder = clone(ROOT, given.seed)
    command = [sys.executable, "-m", "dvc", "repro", *given.target]
    if code := subprocess.run(command, cwd=folder / PROJECT, check=False).returncode:
        sys.exit(code)
    copies = copy_reports(folder, ROOT, given.seed)
    print(f"{len(copies)} files in {PROJECT}/seeds/{given.seed}; the run: {folder}")


if __name__ == "__main__":
    main()
