"""Prints the lines that `make` ends in: scores beside baselines, the time, where to look."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from tools.command_errors import errors_in_a_line
from worldmodels.envs.racing.task import RacingTask
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.config.env_params import GymnasiumParams, RacingParams
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import details_path, metrics_path, read_numbers

STUB_RETURN = 100.03  # of the reference stub, seed 0, in as many steps on the same track
STUB_STEPS = 120


def lines(folder: Path, seconds: float | None = None) -> list[str]:
    """The lines of the project in a folder; `seconds` is what its last run took.

    Raises:
        UserError: params.yaml or a report is missing or damaged, or the project is of rounds.
    """
    params, reports = folder / "params.yaml", folder / "reports"
    env = read_params(params).env
    if not isinstance(env, RacingParams | GymnasiumParams):
        raise UserError(
            f"{params}: env.kind: should be racing or gymnasium, whose projects have one round; "
            f"found {env.__struct_config__.tag}"
        )
    racing = isinstance(env, RacingParams)
    name, words = ("off_track", "off the track") if racing else ("terminated",) * 2
    columns = [f"controller.{each}" for each in ("mean_return", "episodes", name)]
    score, episodes, ended, baseline = read_numbers(
        details_path(reports, "evaluate"), "evaluate", [*columns, "baseline.mean_return"]
    )
    (v, v_baseline), (m, m_baseline) = (
        read_numbers(metrics_path(reports, stage), stage, ["held_out_loss", "baseline_loss"])
        for stage in ("train_v", "train_m")
    )
    controller = (
        f"C  return {score:+.1f} in {episodes:.0f} episodes, {ended:.0f} of them {words}; "
        f"the random policy {baseline:+.1f}"
    )
    if isinstance(env, RacingParams) and _is_of_the_stub(env):
        controller += f", the reference stub {STUB_RETURN:+.1f}"
    memory = f"M  held-out loss {m:.3f}; persistence (the next z is this z) {m_baseline:.3f}"
    if m > m_baseline:
        memory += ": so it is in this recipe, and recipes/unseen has a better M"
    took = "" if seconds is None else f"{seconds:.0f} s for what had changed; "
    animation = "reports/drive.gif" if racing else "reports/episode.gif"
    figures, animation, page = (
        path if folder == Path() else f"{folder}/{path}"
        for path in ("reports/figures/*.png", animation, "reports/play.html")
    )
    return [
        controller,
        f"V  held-out loss {v:.3f}; the mean image {v_baseline:.3f}",
        memory,
        f"   {took}compare with the last commit: dvc metrics diff",
        f"   figures: {figures}; animation: {animation}; curves: dvc plots show --open",
        *([f"   to drive, or to dream: {page}"] if racing else []),
    ]


def _is_of_the_stub(env: RacingParams) -> bool:
    """Whether the episodes are as long as the reference stub's, on its track."""
    if env.tracks != "fixed" or env.max_steps != STUB_STEPS:
        return False
    return RacingTask(env).sample_tracks(1, np.random.default_rng()) == [Track()]


def main() -> None:
    """Print them for a folder."""
    parser = argparse.ArgumentParser(prog="python -m tools.summary", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="of a project")
    parser.add_argument("start", nargs="?", type=float, help="of its run, in seconds of the clock")
    given = parser.parse_args()
    seconds = None if given.start is None else time.time() - given.start
    with errors_in_a_line("summary"):
        print("\n".join(lines(given.folder, seconds)))


if __name__ == "__main__":
    main()
