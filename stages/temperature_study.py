"""temperature_study: returns in dreams and in the environment by temperature.

Reads the reports in a folder for each seed and temperature; writes a curve.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.file_errors import readable
from worldmodels.pipeline.reports import Row, StageResult, details_path, metrics_path, read_numbers
from worldmodels.pipeline.runner import run_stage

# Scores of one seed's C, evolved in dreams of one temperature: the mean return in held-out dreams,
# that on test tracks, the share of those episodes off the track, and the random policy's return.
CELL = ("temperature", "dream_return", "env_return", "off_track_share", "baseline")


def temperature_study(cells: Sequence[Row]) -> StageResult:
    """Means over seeds by temperature, of cells with the numbers of CELL.

    Raises:
        UserError: the number of seeds is not the same for all temperatures.
    """
    temperatures = sorted({cell["temperature"] for cell in cells})
    table = [
        [[cell[name] for name in CELL] for cell in cells if cell["temperature"] == each]
        for each in temperatures
    ]
    if len({len(row) for row in table}) != 1:
        raise UserError(
            "every temperature needs the same number of seeds, found "
            f"{[len(row) for row in table]} of temperatures {temperatures}"
        )
    columns = np.array(table)  # (temperatures, seeds, 5)
    _, dream, env, off_track_share, baseline = np.moveaxis(columns, 2, 0)
    means, random_return = env.mean(axis=1), float(baseline.mean())
    best = int(means.argmax())
    curve = [
        {
            "temperature": each,
            "dream_return": dream[row].mean(),
            "env_return": means[row],
            "env_return_min": env[row].min(),
            "env_return_max": env[row].max(),
            "off_track_share": off_track_share[row].mean(),
            "baseline": random_return,
        }
        for row, each in enumerate(temperatures)
    ]
    metrics = {"best_temperature": temperatures[best], "best_env_return": float(means[best])}
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


def read_cells(folders: Sequence[Path]) -> list[Row]:
    """The numbers of CELL in the reports of each folder.

    Raises:
        UserError: a file is missing or damaged.
    """
    cells: list[Row] = []
    for folder in folders:
        reports = folder / "reports"
        (dream_return,) = read_numbers(
            metrics_path(reports, "evolve_c"), "evolve_c", ["dream_return"]
        )
        (temperature,) = read_numbers(
            details_path(reports, "evolve_c"), "evolve_c", ["temperature"]
        )
        env_return, off_track, baseline = read_numbers(
            metrics_path(reports, "evaluate"),
            "evaluate",
            ["mean_return", ended_name(reports), "baseline_return"],
        )
        (episodes,) = read_numbers(
            details_path(reports, "evaluate"), "evaluate", ["controller.episodes"]
        )
        scores = (temperature, dream_return, env_return, off_track / episodes, baseline)
        cells.append(dict(zip(CELL, scores, strict=True)))
    return cells


def ended_name(reports: Path) -> str:
    """The metric that counts the episodes which terminated; without a track it has another name.

    Raises:
        UserError: the metrics of evaluate are missing or damaged.
    """
    path = metrics_path(reports, "evaluate")
    with readable(path, "evaluate"):
        metrics = json.loads(path.read_text(encoding="utf-8"))
        return "terminated" if "terminated" in metrics else "off_track"


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("temperature_study", folders="cells") as run:
        run.report(temperature_study(read_cells(run.folders)))


if __name__ == "__main__":
    main()
