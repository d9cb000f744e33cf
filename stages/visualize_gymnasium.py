"""visualize_gymnasium: figures and an animation of an environment of Gymnasium.

Reads rollouts.h5, v.npz, m.npz, evaluation.h5 and the learning curves; writes
reports/figures/*.png and reports/episode.gif.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from worldmodels.agent.loading import check_observations, load_vision_and_memory
from worldmodels.envs.gymnasium.rerender import rerender_episode
from worldmodels.envs.gymnasium.task import GymnasiumTask
from worldmodels.figures.common.evolution_curve import evolution_figure
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.common.reconstructions import COMPARED, reconstructions_figure
from worldmodels.figures.common.style import Curve
from worldmodels.figures.common.training_curves import training_figure
from worldmodels.figures.gymnasium.episode_gif import episode_frames, picture_size
from worldmodels.figures.gymnasium.returns import returns_figure
from worldmodels.interfaces import Vision
from worldmodels.memory.one_step import one_step_predictions
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.pipeline.config.env_params import GymnasiumParams
from worldmodels.pipeline.config.params import Visualize
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import GymnasiumEvaluation, GymnasiumRollouts
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels

LEARNING_STAGES = ("train_v", "train_m", "evolve_c")


def visualize_gymnasium(
    settings: Visualize,
    task: GymnasiumTask,
    rollouts: GymnasiumRollouts,
    vision: Vision,
    memory: RecurrentMemory,
    evaluation: GymnasiumEvaluation,
    curves: Mapping[str, Curve],
    streams: RandomStreams,
) -> tuple[FigureSet, StageResult]:
    """All figures, and an animation of C's episode of median return.

    Raises:
        UserError: the environment does not repeat the recorded episode.
    """
    all_returns = np.add.reduceat(evaluation.rewards, evaluation.first_step[:-1])
    by_c = evaluation.by_controller
    returns, baseline = all_returns[by_c], all_returns[~by_c]
    shown = int(np.flatnonzero(by_c)[returns.argsort(kind="stable")[(len(returns) - 1) // 2]])
    seed, episode = int(evaluation.track_seeds[shown]), evaluation.episode(shown)

    held_out = rollouts.frames(held_out=True)
    count = min(COMPARED, len(held_out))
    compared = to_pixels(
        held_out[streams("reconstructions").choice(len(held_out), count, replace=False)]
    )
    decoded = vision.decode(vision.encode(compared)).reshape(compared.shape)
    v, m, c = (curves[name] for name in LEARNING_STAGES)
    figures = {
        "training_curves": training_figure(v, m, c),
        "evolution_curve": evolution_figure(c),
        "reconstructions": reconstructions_figure(compared, decoded, settings.reconstructions),
        "returns": returns_figure(returns, baseline),
    }

    z = vision.encode(to_pixels(episode.observations))
    pictures = rerender_episode(task, seed, episode, picture_size(task.picture_shape))
    predicted_z = one_step_predictions(memory, z, episode.actions)
    shape = -1, *task.observation_shape
    frames = episode_frames(
        np.stack([*progress(pictures, "visualize_gymnasium: episode", len(z))]),
        episode.observations,
        to_bytes(vision.decode(z)).reshape(shape),
        to_bytes(vision.decode(predicted_z)).reshape(shape),
        z,
        episode.rewards,
    )
    animation = list(progress(frames, "visualize_gymnasium: animation", len(z)))
    details = {
        "figures": len(figures),
        "frames": len(animation),
        "shown_seed": seed,
        "shown_return": episode.total_reward,
    }
    summary = (
        f"{len(figures)} figures, and an animation of {len(animation)} frames: C's episode of "
        f"median return, {episode.total_reward:+.2f} (the random policy's median: "
        f"{np.median(baseline):+.2f})"
    )
    return FigureSet(figures, animation), StageResult(summary, details=details)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("visualize_gymnasium", reads=["rollouts", "v", "m", "evaluation"]) as run:
        settings = run.params.visualize
        if not isinstance(run.params.env, GymnasiumParams):
            raise ParamsError("env.kind: must be gymnasium for visualize_gymnasium")
        task = GymnasiumTask(run.params.env)
        vision, memory = load_vision_and_memory(run.paths["v"], run.paths["m"], task)
        rollouts = run.table("rollouts", GymnasiumRollouts)
        evaluation = run.table("evaluation", GymnasiumEvaluation)
        for name, table in (("rollouts", rollouts), ("evaluation", evaluation)):
            check_observations(run.paths[name], table, task)
        curves = {name: run.curve(name) for name in LEARNING_STAGES}
        figure_set, result = visualize_gymnasium(
            *(settings, task, rollouts, vision, memory.members[0], evaluation, curves, run.streams)
        )
        figure_set.save(run.reports, "episode.gif", settings.frames_per_second, run.writing)
        run.report(result)


if __name__ == "__main__":
    main()
