"""visualize: figures and an animation of the racing environment.

Reads rollouts.h5, v.npz, m.npz, evaluation.h5 and the learning curves; writes
reports/figures/*.png and reports/drive.gif.
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
from worldmodels.figures.common.reconstructions import COMPARED, reconstructions_figure
from worldmodels.figures.common.style import Curve
from worldmodels.figures.common.training_curves import training_figure
from worldmodels.figures.racing.coverage import StateVisits, coverage_figure
from worldmodels.figures.racing.drive_gif import SeenEpisode, episode_frames
from worldmodels.figures.racing.policy_trajectory import trajectory_figure
from worldmodels.figures.racing.track_layout import MAX_TRACKS, Drive, track_figure
from worldmodels.interfaces import Vision, mismatch, observation_mismatch
from worldmodels.memory.ensemble import ENSEMBLES
from worldmodels.memory.one_step import one_step_predictions
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.pipeline.config.params import Visualize
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import RacingEvaluation, RacingRollouts, Rollouts
from worldmodels.pipeline.storage.episode_tables import RacingColumns
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.vision.registry import VISIONS

LEARNING_STAGES = ("train_v", "train_m", "evolve_c")
POLICIES = {
    "noise": "Random steering",
    "random_weights": "Random networks",
    "ez_greedy": "Random steering, held",
}
CONTROLLER = "C, once trained"
Curves = Mapping[str, Curve]  # by stage


def visualize(
    settings: Visualize,
    policy: str,
    rollouts: RacingRollouts,
    vision: Vision,
    memory: RecurrentMemory,
    evaluation: RacingEvaluation,
    curves: Curves,
    streams: RandomStreams,
) -> tuple[FigureSet, StageResult]:
    """All figures, and an animation of C's episode of median return.

    `policy` is the name of the one that collected the rollouts.
    """
    by_return, baseline = episodes_by_return(evaluation)
    number = by_return[(len(by_return) - 1) // 2]
    track, episode = stored_track(evaluation, number), evaluation.episode(number)
    v, m, c = (curves[name] for name in LEARNING_STAGES)
    draw: dict[str, Callable[[], Figure]] = {
        "track_layout": lambda: track_figure(drives(evaluation, by_return), len(by_return)),
        "training_curves": lambda: training_figure(v, m, c),
        "evolution_curve": lambda: evolution_figure(c),
        "coverage": lambda: coverage_figure(
            state_visits(policy, rollouts, evaluation), collected_name(policy), CONTROLLER
        ),
        "reconstructions": lambda: reconstructions(settings, rollouts, vision, streams),
        "policy_trajectory": lambda: trajectory_figure(
            *(track, episode.states, episode.actions, episode.distances),
            float(evaluation.lap_fraction[number]),
        ),
    }
    figures = {name: draw[name]() for name in progress(draw, "visualize: figures", len(draw))}
    z = vision.encode(to_pixels(episode.observations))
    predicted = one_step_predictions(memory, z, episode.actions)
    shape = episode.observations.shape[1:]
    decoded = to_bytes(vision.decode(np.concatenate([z, predicted]))).reshape(-1, *shape)
    seen = SeenEpisode(
        *(episode.states, episode.observations, z),
        *(decoded[: len(z)], decoded[len(z) :], episode.rewards),
    )
    frames = episode_frames(track, seen)
    figure_set = FigureSet(figures, list(progress(frames, "visualize: animation", len(z))))
    details = {
        "figures": len(figures),
        "frames": len(figure_set.frames),
        "shown_return": episode.total_reward,
        "baseline_return": baseline,
    }
    summary = (
        f"{len(figures)} figures, and an animation of {len(figure_set.frames)} frames: C's episode "
        f"of median return, {episode.total_reward:+.2f} (the random policy's median: "
        f"{baseline:+.2f})"
    )
    return figure_set, StageResult(summary, details=details)


def episodes_by_return(evaluation: RacingEvaluation) -> tuple[list[int], float]:
    """C's episodes from the lowest return to the highest; the random policy's median return."""
    returns = np.add.reduceat(evaluation.rewards, evaluation.first_step[:-1])
    own = np.flatnonzero(evaluation.by_controller)
    in_order: list[int] = own[returns[own].argsort(kind="stable")].tolist()
    return in_order, float(np.median(returns[~evaluation.by_controller]))


def reconstructions(
    settings: Visualize, rollouts: Rollouts, vision: Vision, streams: RandomStreams
) -> Figure:
    """The figure of V's worst, median and best reconstructions of held-out frames."""
    frames = rollouts.frames(held_out=True)
    count = min(COMPARED, len(frames))
    compared = streams("reconstructions").choice(len(frames), count, replace=False)
    observations = to_pixels(frames[compared])
    decoded = vision.decode(vision.encode(observations)).reshape(observations.shape)
    return reconstructions_figure(
        observations, decoded, settings.reconstructions, "; forward is up"
    )


def drives(evaluation: RacingEvaluation, by_return: list[int]) -> list[Drive]:
    """C's episodes at even ranks of return, each on a track of its own."""
    ranks = np.linspace(0, len(by_return) - 1, min(MAX_TRACKS, len(by_return)))
    found: dict[Track, Drive] = {}
    for rank in np.rint(ranks).astype(int).tolist():
        number = by_return[rank]
        track, episode = stored_track(evaluation, number), evaluation.episode(number)
        found.setdefault(track, Drive(track, episode.states[:, :2], episode.total_reward))
    return list(found.values())


def collected_name(policy: str) -> str:
    """The policy of `collect` in words."""
    return f"{POLICIES[policy]} (data)"


def state_visits(
    policy: str, rollouts: RacingRollouts, evaluation: RacingEvaluation
) -> dict[str, StateVisits]:
    """The states that the random policy, the policy of `collect` and C visit."""
    collected = {collected_name(policy): _visits(rollouts, np.ones_like(rollouts.held_out))}
    noise = {POLICIES["noise"]: _visits(evaluation, ~evaluation.by_controller)}
    others = noise if policy != "noise" else {}
    return others | collected | {CONTROLLER: _visits(evaluation, evaluation.by_controller)}


def _visits(table: RacingColumns, episodes: NDArray[np.bool_]) -> StateVisits:
    chosen = np.repeat(episodes, table.lengths + 1)
    half_width = np.repeat(table.half_width, table.lengths + 1)
    return StateVisits(table.states[chosen, 3], (table.distances / half_width)[chosen])


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("visualize", reads=["rollouts", "v", "m", "evaluation"]) as run:
        settings, vision = run.params.visualize, run.model("v", "train_v", VISIONS)
        rollouts = run.table("rollouts", RacingRollouts)
        evaluation = run.table("evaluation", RacingEvaluation)
        memory = run.model("m", "train_m", ENSEMBLES).members[0]
        for name, table in (("rollouts", rollouts), ("evaluation", evaluation)):
            whose = f"those in {run.paths[name]}"
            if problem := observation_mismatch(vision, table.observations[0].size, whose):
                raise UserError(f"{run.paths['v']}: {problem}; run 'dvc repro'")
        sizes = evaluation.observations[0].size, evaluation.actions.shape[1]
        if problem := mismatch(vision, memory, *sizes):
            raise UserError(f"{run.paths['v']}, {run.paths['m']}: {problem}; run 'dvc repro'")
        figure_set, result = visualize(
            settings,
            run.params.collect.policy,
            rollouts,
            vision,
            memory,
            evaluation,
            {name: run.curve(name) for name in LEARNING_STAGES},
            run.streams,
        )
        figure_set.save(run.reports, "drive.gif", settings.frames_per_second, run.writing)
        run.report(result)


if __name__ == "__main__":
    main()
