"""visualize_temperature: the figure of the temperature study.

Reads reports/curves/temperature_study.csv; writes reports/figures/temperature.png.
"""

from __future__ import annotations

from worldmodels.figures.common.style import save
from worldmodels.figures.dream.temperature import temperature_figure
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage


def main() -> None:
    """Read the curve, draw the figure."""
    with run_stage("visualize_temperature") as run:
        study = run.curve("temperature_study")
        temperature, returns = study["temperature"], study["env_return"]
        with run.writing(run.reports / "figures" / "temperature.png") as path:
            save(temperature_figure(study), path)
        summary = (
            f"a figure of {len(returns)} temperatures, from {temperature[0]:g} (return "
            f"{returns[0]:+.1f}) to {temperature[-1]:g} ({returns[-1]:+.1f})"
        )
        run.report(StageResult(summary))


if __name__ == "__main__":
    main()
