"""study_results: the returns of each C of a study on each test track.   cells/* -> results.csv"""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes

CODE = (  # that the numbers come from; paths of git, from the repository's root
    *(":(top)stages", ":(top)worldmodels", ":(top,exclude)worldmodels/figures"),
    *(":(top,exclude)stages/study_results.py", ":(top,exclude)stages/visualize*"),
)


def code_commit() -> str:
    """The last commit that changed the code; with `-dirty` if that is not all.

    Raises:
        UserError: this is no repository of git.
    """

    def git(*command: str) -> str:
        try:
            ended = subprocess.run(
                ["git", *command, "--", *CODE], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            raise UserError(
                f"git {command[0]}: cannot say which version of the code this is; run the study in "
                "a clone of the repository"
            ) from None
        return ended.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("log", "-1", "--format=%h", "--abbrev=10") + ("-dirty" if changed else "")


def study_row(folder: Path) -> dict[str, str]:
    """A line of the table, by column.

    Args:
        folder: its parts of the form NAME=VALUE say what C was trained with.

    Raises:
        UserError: a file is missing or damaged.
    """
    settings = dict(part.split("=", 1) for part in folder.parts if "=" in part)
    episodes = EvaluationEpisodes.read(folder / "data" / "evaluation.h5")
    off_track = int(episodes.terminated[episodes.by_controller].sum())
    numbers = np.flatnonzero(episodes.by_controller).tolist()
    returns = [episodes.episode(number).rewards.sum() for number in numbers]
    tracks = {f"track_{number}": f"{value:.2f}" for number, value in enumerate(returns)}
    return {**settings, "off_track": f"{off_track}", **tracks}


def write_results(path: Path, rows: Sequence[dict[str, str]], commit: str) -> None:
    """Write the table as CSV.

    Raises:
        UserError: the rows have different columns.
    """
    if any(list(row) != list(rows[0]) for row in rows):
        raise UserError(
            "the folders are of different settings, or have different numbers of tracks"
        )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["commit", *rows[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"commit": commit, **row} for row in rows)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("study_results", writes=["results"], folders="cells") as run:
        rows, commit = [study_row(folder) for folder in run.folders], code_commit()
        with run.writing(run.paths["results"]) as path:
            write_results(path, rows, commit)
        run.report(StageResult(f"{len(rows)} Cs, code of commit {commit}"))


if __name__ == "__main__":
    main()
