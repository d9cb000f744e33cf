"""forecast_ends: whether M's dreams foretell how recorded episodes ended.   latents.h5, m.npz"""

from __future__ import annotations

from worldmodels.agent.loading import check_can_dream
from worldmodels.end_forecast import STEPS, EndForecast, end_forecast
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import FORECASTS, StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents

MAX_MOMENTS = 2048  # from which dreams start, beside those before an end
SHOWN = 4  # steps before an end, of the closing line


def forecast_ends(
    memory: Ensemble, latents: Latents, temperature: float, streams: RandomStreams
) -> StageResult:
    """How surely dreams of that temperature foretell the ends of held-out episodes.

    Raises:
        ValueError: no held-out episode has an end to foretell.
    """
    forecast = end_forecast(
        memory.members,
        latents,
        temperature,
        MAX_MOMENTS,
        streams("dreams"),
        lambda numbers: progress(numbers, "forecast_ends", len(numbers)),
    )
    columns = forecast._asdict()
    ends, moments = columns.pop("ends"), columns.pop("moments")
    curve = [
        dict(zip(FORECASTS, row, strict=True)) for row in zip(STEPS, *columns.values(), strict=True)
    ]
    metrics = {f"foretold_{row['steps']}": float(row["foretold"]) for row in curve}
    shown = curve[STEPS.index(SHOWN)]
    metrics |= {f"{name}_{SHOWN}": float(shown[name]) for name in ("hazard", "real_hazard", "auc")}
    details = {
        "ends": ends,
        "moments": moments,
        **{name: {str(row["steps"]): float(row[name]) for row in curve} for name in FORECASTS[1:]},
    }
    return StageResult(summary(forecast), metrics, details, curve)


def summary(forecast: EndForecast) -> str:
    """The closing line: ends foretold, beside how many ends dreams have anyway."""
    told = ", ".join(f"{100 * share:.0f} %" for share in forecast.foretold)
    steps = ", ".join(map(str, STEPS))
    row = STEPS.index(SHOWN)
    return (
        f"dreams foretell {told} of {forecast.ends} recorded ends, begun {steps} steps before; "
        f"within {SHOWN} steps of a random moment {100 * forecast.hazard[row]:.1f} % of dreams "
        f"end, and really {100 * forecast.real_hazard[row]:.1f} % of episodes (AUC "
        f"{forecast.auc[row]:.2f})"
    )


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("forecast_ends", reads=["latents", "m"]) as run:
        latents = run.table("latents", Latents)
        memory = run.model("m", "train_m", ENSEMBLES)
        check_can_dream(run.paths["m"], memory)
        sizes = memory.z_size, memory.action_size
        latents.check_sizes(run.paths["latents"], run.paths["m"], *sizes)
        try:
            result = forecast_ends(memory, latents, run.params.dream_temperature, run.streams)
        except ValueError as error:
            raise UserError(f"{run.paths['latents']}: {error}; collect more of them") from None
        run.report(result)


if __name__ == "__main__":
    main()
