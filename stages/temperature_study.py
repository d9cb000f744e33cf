"""temperature_study: returns in dreams and in the environment by temperature.

Reads the reports in a folder for each seed and temperature; writes a curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.config.env_params import CarRacingParams, RacingParams
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import (
    OF_DREAMS,
    Row,
    StageResult,
    details_path,
    metrics_path,
    read_numbers,
)
from worldmodels.pipeline.runner import run_stage

# Scores of one seed's C, trained in dreams of one temperature: the mean return in held-out dreams,
# that on test tracks, and the random policy's.
CELL = ("temperature", "dream_return", "env_return", "baseline")
OFF_TRACK = "off_track_share"  # of the episodes on test tracks, where there are any
STDERR = "_stderr"  # of a return, over episodes


def temperature_study(cells: Sequence[Row]) -> StageResult:
    """Means over seeds by temperature, of cells with the numbers of CELL, and perhaps of OFF_TRACK
    and of OF_DREAMS.

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
    columns = {  # (temperatures, seeds)
        name: np.array([[cell[name] for cell in row] for row in rows]) for name in cells[0]
    }
    env, random_return = columns["env_return"], float(columns["baseline"].mean())
    means = {name: column.mean(axis=1) for name, column in columns.items()}
    means["env_return_min"], means["env_return_max"] = env.min(axis=1), env.max(axis=1)
    means["baseline"] = np.full(len(rows), random_return)
    for name in [name for name in columns if name.endswith(STDERR)]:
        means[name] = stderr(columns[name.removesuffix(STDERR)], columns[name])
    curve = [
        dict(zip(means, map(float, row), strict=True)) for row in zip(*means.values(), strict=True)
    ]
    dream, best = means["dream_return"], int(means["env_return"].argmax())
    metrics = {"best_temperature": temperatures[best], "best_env_return": curve[best]["env_return"]}
    if "env_return_stderr" in means:
        metrics["best_env_return_stderr"] = curve[best]["env_return_stderr"]
    details = {
        "lowest_temperature_env_return": curve[0]["env_return"],
        "highest_temperature_env_return": curve[-1]["env_return"],
        "seeds": env.shape[1],
    }
    returns = means["env_return"]
    summary = (
        f"C returns {returns[best]:+.1f} in the environment after dreams of temperature "
        f"{temperatures[best]:g}, the best; {returns[0]:+.1f} after those of {temperatures[0]:g}, "
        f"in which it returns {dream[0]:+.1f}; {returns[-1]:+.1f} after those of "
        f"{temperatures[-1]:g} (the random policy: {random_return:+.1f})"
    )
    return StageResult(summary, metrics, details, curve)


def stderr(returns: NDArray[np.float64], over_episodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors (temperatures,) of means over seeds and episodes, which all seeds share.

    Args:
        returns: (temperatures, seeds).
        over_episodes: the standard error of each.
    """
    seeds = returns.shape[1]
    over_seeds = returns.var(axis=1, ddof=1) / seeds if seeds > 1 else 0.0
    error: NDArray[np.float64] = np.sqrt(over_seeds + np.square(over_episodes).mean(axis=1))
    return error


def read_cells(folders: Sequence[Path], params: Params) -> list[Row]:
    """The numbers of CELL in the reports of each folder; on tracks that of OFF_TRACK, too, and of a
    C of train_c those of OF_DREAMS.

    Args:
        folders: one a seed and temperature.
        params: of the project.

    Raises:
        UserError: a file is missing or damaged.
    """
    cells: list[Row] = []
    dreamer = "evaluate_dream" if params.train_c else "evolve_c"  # that reports returns of dreams
    dream_return = "mean_return" if params.train_c else "dream_return"
    for folder in folders:
        reports = folder / "reports"
        env_return, baseline = read_numbers(
            metrics_path(reports, "evaluate"), "evaluate", ["mean_return", "baseline_return"]
        )
        (temperature,) = read_numbers(details_path(reports, dreamer), dreamer, ["temperature"])
        (dreamt,) = read_numbers(metrics_path(reports, dreamer), dreamer, [dream_return])
        cell = dict(zip(CELL, (temperature, dreamt, env_return, baseline), strict=True))
        controller = details_path(reports, "evaluate")
        if isinstance(params.env, RacingParams | CarRacingParams):
            names = ["controller.off_track", "controller.episodes"]
            off_track, episodes = read_numbers(controller, "evaluate", names)
            cell[OFF_TRACK] = off_track / episodes
        if params.train_c:
            names = ["stderr", "fire_share", "env_fire_share", "still_return"]
            error, *shares = read_numbers(metrics_path(reports, dreamer), dreamer, names)
            (env_error,) = read_numbers(controller, "evaluate", ["controller.stderr"])
            cell |= zip(OF_DREAMS, (error, env_error, *shares), strict=True)
        cells.append(cell)
    return cells


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("temperature_study", folders="cells") as run:
        run.report(temperature_study(read_cells(run.folders, run.params)))


if __name__ == "__main__":
    main()
