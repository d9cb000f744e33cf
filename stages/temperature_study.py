"""temperature: scores in dreams and on roads by temperature.   folders of metrics -> figure"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from worldmodels.figures.common.style import save
from worldmodels.figures.dream import temperature as picture
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import StageResult, read_metrics
from worldmodels.pipeline.runner import StageContext


class Cell(NamedTuple):
    """What one seed's C came to that evolved in dreams of one temperature."""

    temperature: float
    dreamt: float  # return in held-out dreams
    real: float  # return on unseen roads
    lost: float  # share of the drives that ended far off the road
    random: float  # return of the random policy


def temperature(cells: list[Cell]) -> tuple[Figure, StageResult]:
    """A row a temperature; every one needs as many cells.

    Raises:
        UserError: the cells do not make a table.
    """
    temperatures = sorted({cell.temperature for cell in cells})
    table = [[cell for cell in cells if cell.temperature == each] for each in temperatures]
    if len({len(row) for row in table}) != 1:
        raise UserError(
            f"temperatures need as many seeds each, found {[len(row) for row in table]}"
        )
    columns = np.array(table)  # (temperatures, seeds, 5)
    _, dreamt, real, lost, random = np.moveaxis(columns, 2, 0)
    study = picture.Study(np.array(temperatures), dreamt, real, float(random.mean()))
    means = real.mean(axis=1)
    best = int(means.argmax())
    curve = [
        {
            "temperature": each,
            "dreamt": dreamt[row].mean(),
            "real": means[row],
            "real_least": real[row].min(),
            "real_most": real[row].max(),
            "lost": lost[row].mean(),
            "random": study.random,
        }
        for row, each in enumerate(temperatures)
    ]
    metrics = {
        "best_temperature": temperatures[best],
        "best_real": float(means[best]),
        "coldest_real": float(means[0]),
        "hottest_real": float(means[-1]),
        "seeds": real.shape[1],
    }
    summary = (
        f"on roads C returns {means[best]:+.1f} at best, from dreams of temperature "
        f"{temperatures[best]:g}; {means[0]:+.1f} from those of {temperatures[0]:g}, which say "
        f"{dreamt[0].mean():+.1f}; {means[-1]:+.1f} from those of {temperatures[-1]:g} (the random "
        f"policy: {study.random:+.1f})"
    )
    return picture.temperature(study), StageResult(summary, metrics, curve)


def cells_of(run: StageContext) -> list[Cell]:
    """The metrics in the folders that the command line names."""
    cells = []
    for folder in run.folders:
        metrics = folder / "reports" / "metrics"
        heat, dreamt = read_metrics(
            metrics / "evolve_c.json", "evolve_c", ["temperature", "validation_return"]
        )
        real, lost, episodes, random = read_metrics(
            metrics / "evaluate.json",
            "evaluate",
            [
                *("controller.mean_return", "controller.off_track", "controller.episodes"),
                "random.mean_return",
            ],
        )
        cells.append(Cell(heat, dreamt, real, lost / episodes, random))
    return cells


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("temperature", folders="cells") as run:
        figure, report = temperature(cells_of(run))
        save(figure, run.output_path(run.reports / "figures" / "temperature.png"))
        run.report(report)


if __name__ == "__main__":
    main()
