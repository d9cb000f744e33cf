"""study_results: the returns of each C of a study on each test track.   cells/* -> results.csv

With `--measures FILE` a line has numbers of reports, too, which the section `measures` of a YAML
file names.
"""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from worldmodels.pipeline.config.strict_yaml import read_yaml
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import StageResult, read_curve, read_numbers
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


def study_row(folder: Path, measures: Mapping[str, str]) -> dict[str, str]:
    """A line of the table, by column.

    Args:
        folder: its parts of the form NAME=VALUE say what C was trained with.
        measures: see `read_measures`.

    Raises:
        UserError: a file is missing or damaged.
    """
    settings = dict(part.split("=", 1) for part in folder.parts if "=" in part)
    reported = {name: f"{measure(folder, where):.6g}" for name, where in measures.items()}
    episodes = EvaluationEpisodes.read(folder / "data" / "evaluation.h5")
    off_track = int(episodes.terminated[episodes.by_controller].sum())
    numbers = np.flatnonzero(episodes.by_controller).tolist()
    returns = [episodes.episode(number).rewards.sum() for number in numbers]
    tracks = {f"track_{number}": f"{value:.2f}" for number, value in enumerate(returns)}
    return {**settings, **reported, "off_track": f"{off_track}", **tracks}


def measure(folder: Path, where: str) -> float:
    """A number of the reports that C, or the V or M that it was trained with, comes with.

    Those of V and M are in folders around C's.

    Args:
        folder: C's.
        where: such as `details/train_m.held_out_nll`: a file of reports, and the number in it. Of a
            curve, such as `curves/evolve_c.mean`, it is the mean over all points: the area under
            the learning curve, as a share of its length.

    Raises:
        UserError: the file is missing, damaged, or has no such number.
    """
    file, _, name = where.partition(".")
    ending = "csv" if file.startswith("curves/") else "json"
    paths = [each / "reports" / f"{file}.{ending}" for each in (folder, *folder.parents)]
    path = next((path for path in paths if path.exists()), paths[0])
    if path.suffix == ".csv":
        curve = read_curve(path, path.stem)
        if name not in curve:
            raise UserError(f"{path}: has {', '.join(curve)}, but no column {name!r}")
        return float(curve[name].mean())
    (number,) = read_numbers(path, path.stem, [name])
    return number


def read_measures(path: Path) -> Mapping[str, str]:
    """Where the numbers stand that lines have besides returns, by column.

    Raises:
        UserError: the file cannot be read, or has no such section.
    """
    found = read_yaml(path)
    measures = found.get("measures") if isinstance(found, dict) else None
    if not isinstance(measures, dict) or not all(isinstance(at, str) for at in measures.values()):
        raise UserError(
            f"{path}: measures: should have lines such as 'nll: details/train_m.held_out_nll'; "
            f"found {measures!r}"
        )
    return measures


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
    optional = {"measures": ["measures"]}
    with run_stage("study_results", writes=["results"], folders="cells", optional=optional) as run:
        measures = read_measures(run.paths["measures"]) if "measures" in run.paths else {}
        rows = [study_row(folder, measures) for folder in run.folders]
        commit = code_commit()
        with run.writing(run.paths["results"]) as path:
            write_results(path, rows, commit)
        run.report(StageResult(f"{len(rows)} Cs, code of commit {commit}"))


if __name__ == "__main__":
    main()
