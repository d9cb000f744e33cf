"""visualize: figures and an animation of the racing environment.

Reads rollouts.h5, v.npz, evaluation.h5 and the learning curves; writes reports/figures/*.png and
reports/drive.gif.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.evolution_curve import evolution_figure
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.reconstructions import reconstructions_figure
from worldmodels.figures.common.style import Curve
from worldmodels.figures.common.training_curves import training_figure
from worldmodels.figures.racing.coverage import StateVisits, coverage_figure
from worldmodels.figures.racing.drive_gif import episode_frames
from worldmodels.figures.racing.policy_trajectory import trajectory_figure
from worldmodels.figures.racing.track_layout import track_figure
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
MAX_TRACKS = 8  # in the figure of tracks
Curves = Mapping[str, Curve]  # by stage


def visualize(
    settings: Visualize,
    policy: str,
    rollouts: RacingRollouts,
    vision: Vision,
    evaluation: RacingEvaluation,
    curves: Curves,
    streams: RandomStreams,
) -> tuple[FigureSet, StageResult]:
    """All figures, and an animation of the controller's first episode.

    `policy` is the name of the one that collected the rollouts.
    """
    number = int(evaluation.by_controller.argmax())
    track, episode = stored_track(evaluation, number), evaluation.episode(number)
    v, m, c = (curves[name] for name in LEARNING_STAGES)
    draw: dict[str, Callable[[], Figure]] = {
        "track_layout": lambda: track_figure(tracks(evaluation)),
        "training_curves": lambda: training_figure(v, m, c),
        "evolution_curve": lambda: evolution_figure(c),
        "coverage": lambda: coverage_figure(state_visits(policy, rollouts, evaluation)),
        "reconstructions": lambda: reconstructions(settings, rollouts, vision, streams),
        "policy_trajectory": lambda: trajectory_figure(
            track, episode.states, episode.actions, episode.total_reward
        ),
    }
    figures = {name: draw[name]() for name in progress(draw, "visualize: figures", len(draw))}
    z = vision.encode(to_pixels(episode.observations))
    frames = episode_frames(track, episode.states, episode.observations, z, episode.rewards)
    figure_set = FigureSet(figures, list(progress(frames, "visualize: animation", len(z))))
    baseline = evaluation.episode(int(evaluation.by_controller.argmin())).total_reward
    details = {
        "figures": len(figures),
        "frames": len(figure_set.frames),
        "shown_return": episode.total_reward,
        "baseline_return": baseline,
    }
    summary = (
        f"{len(figures)} figures, and an animation of {len(figure_set.frames)} frames: C's first "
        f"episode, return {episode.total_reward:+.2f} (the random policy's first: {baseline:+.2f})"
    )
    return figure_set, StageResult(summary, details=details)


def reconstructions(
    settings: Visualize, rollouts: Rollouts, vision: Vision, streams: RandomStreams
) -> Figure:
    """The figure of V's reconstructions of a few random held-out frames."""
    frames = rollouts.frames(held_out=True)
    count = min(settings.reconstructions, len(frames))
    chosen = streams("reconstructions").choice(len(frames), count, replace=False)
    observations = to_pixels(frames[chosen])
    z = vision.encode(observations)
    decoded = vision.decode(z).reshape(observations.shape)
    return reconstructions_figure(observations, decoded, z, " (forward is up)")


def tracks(evaluation: RacingEvaluation) -> list[Track]:
    """The tracks of the first episodes; a single one if all are the same."""
    first = [
        stored_track(evaluation, number)
        for number in range(min(MAX_TRACKS, len(evaluation.lengths)))
    ]
    same = all(np.array_equal(track.centreline, first[0].centreline) for track in first)
    return first[:1] if same else first


def state_visits(
    policy: str, rollouts: RacingRollouts, evaluation: RacingEvaluation
) -> dict[str, StateVisits]:
    """The states that the random policy, the policy of `collect` and C visit."""
    collected = {f"{policy} (collected)": _visits(rollouts, np.ones_like(rollouts.held_out))}
    noise = {"noise": _visits(evaluation, ~evaluation.by_controller)} if policy != "noise" else {}
    return noise | collected | {"C": _visits(evaluation, evaluation.by_controller)}


def _visits(table: RacingColumns, episodes: NDArray[np.bool_]) -> StateVisits:
    chosen = np.repeat(episodes, table.lengths + 1)
    half_width = np.repeat(table.half_width, table.lengths + 1)
    return StateVisits(table.states[chosen, 3], (table.distances / half_width)[chosen])


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("visualize", reads=["rollouts", "v", "evaluation"]) as run:
        settings, vision = run.params.visualize, run.model("v", "train_v", VISIONS)
        rollouts = run.table("rollouts", RacingRollouts)
        evaluation = run.table("evaluation", RacingEvaluation)
        for name, table in (("rollouts", rollouts), ("evaluation", evaluation)):
            whose = f"those in {run.paths[name]}"
            if problem := observation_mismatch(vision, table.observations[0].size, whose):
                raise UserError(f"{run.paths['v']}: {problem}; run 'dvc repro'")
        figure_set, result = visualize(
            settings,
            run.params.collect.policy,
            rollouts,
            vision,
            evaluation,
            {name: run.curve(name) for name in LEARNING_STAGES},
            run.streams,
        )
        figure_set.save(run.reports, "drive.gif", settings.frames_per_second, run.writing)
        run.report(result)


if __name__ == "__main__":
    main()
