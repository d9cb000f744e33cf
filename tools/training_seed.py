"""Runs a project in rounds with another training seed.

python -m tools.training_seed PROJECT SEED [TARGET ...], where the project is carracing or doom. It
runs in a clone of what is committed, so that the results of the shipped seed stay where they are;
a run that was stopped goes on. Metrics and curves come to PROJECT/seeds/SEED.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.command_errors import errors_in_a_line
from tools.rooms import ROOT
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError

TARGETS = {"carracing": "visualize_carracing", "doom": "visualize_doom"}  # by project
CODE = ("stages", "worldmodels")  # of the repository
FOLDERS = ("rounds", "reports", "ablations", "finetuned")  # of a project, whose reports are kept
SEED = re.compile(r"^seed: \d+$", re.M)


def seed_folders(project: Path) -> dict[int, Path]:
    """The folder of each training seed: the project's own, and those of its seeds/."""
    shipped = read_params(project / "params.yaml").seed
    folders = [each for each in (project / "seeds").glob("*/") if each.name.isdecimal()]
    others = {int(folder.name): folder for folder in folders}
    return {shipped: project, **dict(sorted(others.items()))}


def clone(root: Path, project: str, seed: int) -> Path:
    """A clone of the repository whose project has that seed; the one that is there, if any.

    Raises:
        UserError: the project's params.yaml has no line with its seed, or several; or the clone
            that is there has other code than what is committed now.
    """
    folder = root / ".scratch" / f"{project}-seed-{seed}"
    if folder.exists():
        _check_code(folder, root, project)
    else:
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", str(root), str(partial)], check=True)
        params = partial / project / "params.yaml"
        text, count = SEED.subn(f"seed: {seed}", params.read_text(encoding="utf-8"))
        if count != 1:
            raise UserError(
                f"{project}/params.yaml: seed: should be one line 'seed: NUMBER'; found {count} "
                "such lines"
            )
        params.write_text(text, encoding="utf-8")
        partial.rename(folder)
    return folder


def _check_code(folder: Path, root: Path, project: str) -> None:
    """Raise an error if the code or the pipeline of a clone is not that of the repository's HEAD.

    Raises:
        UserError: it is not.
    """
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
    )
    commit = head.stdout.strip()
    paths = [*CODE, f"{project}/dvc.yaml", f"{project}/params.yaml"]
    compare = ["git", "diff", "--quiet", commit, "HEAD", "--", *paths]
    if subprocess.run(compare, cwd=root, stderr=subprocess.DEVNULL, check=False).returncode:
        raise UserError(
            f"{folder}: has the code of commit {commit[:10]}, and at least one of "
            f"{', '.join(paths)} has changed since; remove the folder to begin anew"
        )


def copy_reports(folder: Path, root: Path, project: str, seed: int) -> list[Path]:
    """Copy the metrics and curves that a run has written in a clone: where they are now.

    Those that are as in git are of the shipped seed, and are left out.
    """
    command = ["git", "ls-files", "--modified", "--others", "--exclude-standard", "--", *FOLDERS]
    written = subprocess.run(
        command, cwd=folder / project, capture_output=True, text=True, check=True
    )
    copies = []
    for name in written.stdout.splitlines():
        source = folder / project / name
        if name.endswith((".json", ".csv")) and source.is_file():
            copy = root / project / "seeds" / str(seed) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            copies.append(copy)
    return copies


def main() -> None:
    """Read the command line, run the pipeline, copy its reports."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.training_seed",
        description="Run a project in rounds with another training seed.",
    )
    parser.add_argument("project", choices=[*TARGETS])
    parser.add_argument("seed", type=int)
    parser.add_argument("target", nargs="*", help="of dvc repro")
    given = parser.parse_args()
    command = [sys.executable, "-m", "dvc", "repro", *(given.target or [TARGETS[given.project]])]
    with errors_in_a_line("training_seed"):
        folder = clone(ROOT, given.project, given.seed)
        if code := subprocess.run(command, cwd=folder / given.project, check=False).returncode:
            sys.exit(code)
        copies = copy_reports(folder, ROOT, given.project, given.seed)
    print(f"{len(copies)} files in {given.project}/seeds/{given.seed}; the run: {folder}")


if __name__ == "__main__":
    main()
