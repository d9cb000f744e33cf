"""visualize: pictures.     rollouts.h5, v.npz, drives.h5, curves -> figures/*.png, drive.gif"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import save_gif
from worldmodels.figures.common.style import save
from worldmodels.figures.racing.coverage import Frames, coverage
from worldmodels.figures.racing.drive_gif import drive_frames
from worldmodels.figures.racing.evolution_curve import cma_es_curve
from worldmodels.figures.racing.policy_trajectory import policy_trajectory
from worldmodels.figures.racing.reconstructions import vae_reconstruction
from worldmodels.figures.racing.track_layout import track_layout
from worldmodels.figures.racing.training_curves import training_curves
from worldmodels.interfaces import Vision, observation_mismatch
from worldmodels.pipeline.config.params import Visualize
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import (
    RacingColumns,
    RacingEvaluation,
    RacingRollouts,
    Rollouts,
)
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.vision.registry import VISIONS

LEARNING_STAGES = ("train_v", "train_m", "evolve_c")
TRACKS_SHOWN = 8
HOLD = 2.0  # seconds for which the animation's last frame stays
Curves = Mapping[str, Mapping[str, NDArray[np.float64]]]  # stage -> column -> values


class Pictures(NamedTuple):
    """Figures by name, and the frames of the animation."""

    figures: dict[str, Figure]
    frames: list[Image.Image]


def visualize(
    settings: Visualize,
    policy: str,
    rollouts: RacingRollouts,
    vision: Vision,
    evaluation: RacingEvaluation,
    curves: Curves,
    streams: RandomStreams,
) -> tuple[Pictures, StageResult]:
    """Draw everything; the drive that is shown is the controller's first.

    `policy` is the name of what drove the rollouts.
    """
    number = int(evaluation.by_controller.argmax())
    track, drive = stored_track(evaluation, number), evaluation.episode(number)
    v, m, c = (curves[name] for name in LEARNING_STAGES)
    draw: dict[str, Callable[[], Figure]] = {
        "track_layout": lambda: track_layout(driven_tracks(evaluation)),
        "training_curves": lambda: training_curves(v, m, c),
        "cma_es_curve": lambda: cma_es_curve(c),
        "coverage": lambda: coverage(coverages(policy, rollouts, evaluation)),
        "vae_reconstruction": lambda: reconstructions(settings, rollouts, vision, streams),
        "policy_trajectory": lambda: policy_trajectory(
            track, drive.states, drive.actions, drive.score
        ),
    }
    figures = {name: draw[name]() for name in progress(draw, "visualize: figures", len(draw))}
    z = vision.encode(to_pixels(drive.observations))
    frames = drive_frames(track, drive.states, drive.observations, z, drive.rewards)
    pictures = Pictures(figures, list(progress(frames, "visualize: animation", len(z))))
    random = evaluation.episode(int(evaluation.by_controller.argmin())).score
    metrics = {
        "figures": len(figures),
        "frames": len(pictures.frames),
        "drive_return": drive.score,
        "baseline_return": random,
    }
    summary = (
        f"{len(figures)} figures, and an animation of {len(pictures.frames)} frames of the drive "
        f"that returned {drive.score:+.2f} (the random policy's first: {random:+.2f})"
    )
    return pictures, StageResult(summary, metrics)


def reconstructions(
    settings: Visualize, rollouts: Rollouts, vision: Vision, streams: RandomStreams
) -> Figure:
    """V on a few held-out frames, drawn at random."""
    frames = rollouts.frames(held_out=True)
    count = min(settings.reconstructions, len(frames))
    chosen = streams("reconstructions").choice(len(frames), count, replace=False)
    seen = to_pixels(frames[chosen])
    z = vision.encode(seen)
    return vae_reconstruction(seen, vision.decode(z).reshape(seen.shape), z)


def driven_tracks(evaluation: RacingEvaluation) -> list[Track]:
    """The tracks of the first drives; one if all are the same."""
    tracks = [
        stored_track(evaluation, number)
        for number in range(min(TRACKS_SHOWN, len(evaluation.lengths)))
    ]
    alike = all(np.array_equal(track.centreline, tracks[0].centreline) for track in tracks)
    return tracks[:1] if alike else tracks


def coverages(
    policy: str, rollouts: RacingRollouts, evaluation: RacingEvaluation
) -> dict[str, Frames]:
    """Speeds and distances of the note's noise, of what was collected by whom, and of C."""
    collected = {f"{policy} (collected)": _frames(rollouts, np.ones_like(rollouts.held_out))}
    noise = {"noise": _frames(evaluation, ~evaluation.by_controller)} if policy != "noise" else {}
    return noise | collected | {"C": _frames(evaluation, evaluation.by_controller)}


def _frames(table: RacingColumns, episodes: NDArray[np.bool_]) -> Frames:
    chosen = np.repeat(episodes, table.lengths + 1)
    half_width = np.repeat(table.half_width, table.lengths + 1)
    return Frames(table.states[chosen, 3], (table.distances / half_width)[chosen])


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("visualize", reads=["rollouts", "v", "drives"]) as run:
        settings, vision = run.params.visualize, run.model("v", "train_v", VISIONS)
        rollouts = run.table("rollouts", RacingRollouts)
        evaluation = run.table("drives", RacingEvaluation)
        for name, table in (("rollouts", rollouts), ("drives", evaluation)):
            whose = f"those in {run.paths[name]}"
            if problem := observation_mismatch(vision, table.observations[0].size, whose):
                raise UserError(f"{run.paths['v']}: {problem}; run 'dvc repro'")
        pictures, report = visualize(
            settings,
            run.params.collect.policy,
            rollouts,
            vision,
            evaluation,
            {name: run.curve(name) for name in LEARNING_STAGES},
            run.streams,
        )
        named = pictures.figures.items()
        for name, figure in progress(named, "visualize: writing", len(named)):
            save(figure, run.output_path(run.reports / "figures" / f"{name}.png"))
        gif = run.output_path(run.reports / "drive.gif")
        save_gif(gif, pictures.frames, settings.frames_per_second, HOLD)
        run.report(report)


if __name__ == "__main__":
    main()
