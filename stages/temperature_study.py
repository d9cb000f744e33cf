"""temperature_study: returns in dreams and in the environment by temperature.

Reads the reports in a folder for each seed and temperature; writes a curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import (
    Row,
    StageResult,
    curve_path,
    details_path,
    metrics_path,
    read_curve,
    read_numbers,
)
from worldmodels.pipeline.runner import run_stage

# Scores of one seed's C, trained in dreams of one temperature: the mean return in dreams (held-out
# ones for evolve_c, those of the last iteration for train_c), that on test tracks, the share of
# those episodes off the track, and the random policy's return.
CELL = ("temperature", "dream_return", "env_return", "off_track_share", "baseline")
STDERR = "env_return_stderr"  # of that on test tracks; of the Cs of train_c alone


def temperature_study(cells: Sequence[Row]) -> StageResult:
    """Means over seeds by temperature, of cells with the numbers of CELL, and perhaps STDERR.

    Raises:
        UserError: the number of seeds is not the same for all temperatures.
    """
    temperatures = sorted({cell["temperature"] for cell in cells})
    rows = [[cell for cell in cells if cell["temperature"] == each] for each in temperatures]
    if len({len(row) for row in rows}) != 1:
        raise UserError(
            "every temperature needs the same number of seeds, found "
            f"{[len(row) for row in rows]} of temperatures {temperatures}"
        )
    # (temperatures, seeds, 5)
    columns = np.array([[[cell[name] for name in CELL] for cell in row] for row in rows])
    _, dream, env, off_track_share, baseline = np.moveaxis(columns, 2, 0)
    means, random_return = env.mean(axis=1), float(baseline.mean())
    best = int(means.argmax())
    errors = [{STDERR: _stderr(row)} if STDERR in row[0] else {} for row in rows]
    curve = [
        {
            "temperature": each,
            "dream_return": dream[row].mean(),
            "env_return": means[row],
            "env_return_min": env[row].min(),
            "env_return_max": env[row].max(),
            "off_track_share": off_track_share[row].mean(),
            "baseline": random_return,
            **errors[row],
        }
        for row, each in enumerate(temperatures)
    ]
    metrics = {
        "best_temperature": temperatures[best],
        "best_env_return": float(means[best]),
        **{f"best_{name}": value for name, value in errors[best].items()},
    }
    details = {
        "lowest_temperature_env_return": float(means[0]),
        "highest_temperature_env_return": float(means[-1]),
        "seeds": env.shape[1],
    }
    summary = (
        f"C returns {means[best]:+.1f} in the environment after dreams of temperature "
        f"{temperatures[best]:g}, the best; {means[0]:+.1f} after those of {temperatures[0]:g}, "
        f"in which it returns {dream[0].mean():+.1f}; {means[-1]:+.1f} after those of "
        f"{temperatures[-1]:g} (the random policy: {random_return:+.1f})"
    )
    return StageResult(summary, metrics, details, curve)


def _stderr(cells: Sequence[Row]) -> float:
    """The standard error of the mean over seeds, which all have the same games; of a single seed
    that over its games.
    """
    if len(cells) == 1:
        return cells[0][STDERR]
    returns = [cell["env_return"] for cell in cells]
    return float(np.std(returns, ddof=1) / np.sqrt(len(cells)))


def read_cells(folders: Sequence[Path], c_stage: str) -> list[Row]:
    """The numbers of CELL in the reports of each folder; of a C of train_c that of STDERR, too.

    Args:
        folders: one a seed and temperature.
        c_stage: that has made their Cs, evolve_c or train_c.

    Raises:
        UserError: a file is missing or damaged.
    """
    cells: list[Row] = []
    for folder in folders:
        reports = folder / "reports"
        env_return, off_track, baseline = read_numbers(
            metrics_path(reports, "evaluate"),
            "evaluate",
            # without a track, an episode has only terminated
            ["mean_return", ("off_track", "terminated"), "baseline_return"],
        )
        episodes, stderr = read_numbers(
            details_path(reports, "evaluate"),
            "evaluate",
            ["controller.episodes", "controller.stderr"],
        )
        (temperature,) = read_numbers(details_path(reports, c_stage), c_stage, ["temperature"])
        if c_stage == "train_c":
            dream_return = read_curve(curve_path(reports, c_stage), c_stage)["dream_return"][-1]
        else:
            (dream_return,) = read_numbers(
                metrics_path(reports, c_stage), c_stage, ["dream_return"]
            )
        scores = (temperature, dream_return, env_return, off_track / episodes, baseline)
        cell = dict(zip(CELL, scores, strict=True))
        cells.append(cell | ({STDERR: stderr} if c_stage == "train_c" else {}))
    return cells


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("temperature_study", folders="cells") as run:
        run.report(temperature_study(read_cells(run.folders, run.params.c_stage)))


if __name__ == "__main__":
    main()
