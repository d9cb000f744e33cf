"""compare_dream: C in the environment beside its dreams from the same starts.

Reads v.npz, m.npz, c.npz and evaluation.h5; writes reports/figures/*.png and reports/dream.gif.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import LatentPolicy
from worldmodels.agent.loading import AgentParts, check_can_dream, check_observations, load_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.registry import make_task
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.dream.dream_gif import DecodedEpisode, dream_frames
from worldmodels.figures.dream.filmstrip import filmstrip_figure
from worldmodels.figures.dream.open_loop_error import DreamErrors, open_loop_error_figure
from worldmodels.interfaces import Vision, takes_c
from worldmodels.open_loop_error import closed_loop_error, open_loop_error
from worldmodels.pipeline.config.env_params import RacingParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import RacingEvaluation
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout

METRIC_STEPS = 10  # whose open-loop error is a metric; the error at others is a detail
DETAIL_STEPS = (1, 30)


def compare_dream(
    max_steps: int,
    temperature: float,
    view_reach: float,
    agent: AgentParts,
    evaluation: RacingEvaluation,
    streams: RandomStreams,
) -> tuple[FigureSet, StageResult]:
    """Dream from the start of every episode of C; show the first of the longest dreams.

    A frame shows `view_reach` world units ahead of the car.
    """
    vision, memory, controllers = agent
    own = np.flatnonzero(evaluation.by_controller).tolist()
    episodes = [evaluation.episode(number) for number in own]
    encoded = [vision.encode(to_pixels(episode.observations)) for episode in episodes]
    seed = int(streams("dreams").integers(2**63))
    starts = StartStates(np.array([z[0] for z in encoded]), seed=seed)
    stats, trajectories = recorded_rollout(
        DreamEnv(
            memory.members,
            starts,
            len(own),
            max_steps,
            temperature,
            observe_c=takes_c(controllers.features, memory),
        ),
        LatentPolicy(controllers),
        "compare_dream",
        store=np.copy,
    )
    shown = int(stats.lengths.argmax())
    dreams = np.split(
        trajectories.observations[:, : vision.z_size], np.cumsum(stats.lengths + 1)[:-1]
    )
    rewards = np.split(trajectories.rewards, np.cumsum(stats.lengths)[:-1])
    shape = evaluation.observations.shape[1:]
    dream = decoded_episode(vision, dreams[shown], rewards[shown], shape)
    episode = decoded_episode(vision, encoded[shown], episodes[shown].rewards, shape)
    recorded, lengths = padded(encoded), evaluation.lengths[own]
    open_loop = open_loop_error(
        memory.members[0],
        recorded,
        padded([each.actions for each in episodes]),
        lengths,
        temperature,
        int(streams("open_loop_error").integers(2**63)),
    )
    closed_loop = closed_loop_error(padded(dreams), stats.lengths, recorded, lengths)
    by_step = np.arange(1, len(closed_loop) + 1)[:, None]
    errors = {**open_loop.errors, "closed_loop": closed_loop}
    ended = {
        "dream": open_loop.ended,
        "closed_loop": (stats.terminated & (stats.lengths <= by_step)).mean(axis=1),
    }
    view_left = int(np.median([steps_in_view(each.states, view_reach) for each in episodes]))
    figures = {
        "open_loop_error": open_loop_error_figure(DreamErrors(errors, ended, view_left, len(own))),
        "filmstrip": filmstrip_figure(
            to_pixels(episode.decoded), to_pixels(dream.decoded), episode.returns, dream.returns
        ),
    }
    track = stored_track(evaluation, own[shown])
    animation = dream_frames(track, episodes[shown].states, episode, dream)
    figure_set = FigureSet(figures, list(progress(animation, "compare_dream: animation")))

    def errors_after(steps: int) -> dict[str, float]:
        return {
            f"{name}_error_{steps}": float(errors[name][min(steps, len(errors[name])) - 1])
            for name in ("dream", "persistence")
        }

    metrics = {
        **errors_after(METRIC_STEPS),
        "dream_return": float(stats.returns.mean()),
        "env_return": float(np.mean([each.total_reward for each in episodes])),
    }
    details = {name: error for steps in DETAIL_STEPS for name, error in errors_after(steps).items()}
    summary = (
        f"from the same {len(own)} starts C returns {metrics['dream_return']:+.2f} in dreams and "
        f"{metrics['env_return']:+.2f} in the environment; after {METRIC_STEPS} steps of the same "
        f"actions the error of z in a dream is {metrics[f'dream_error_{METRIC_STEPS}']:.2f} "
        f"standard deviations (persistence: {metrics[f'persistence_error_{METRIC_STEPS}']:.2f})"
    )
    return figure_set, StageResult(summary, metrics, details)


def decoded_episode(
    vision: Vision,
    z: NDArray[np.float32],
    rewards: NDArray[np.float64],
    shape: tuple[int, ...],
) -> DecodedEpisode:
    """V's decodings of z (L + 1, Z) as observations of this shape, with the rewards (L,)."""
    return DecodedEpisode(to_bytes(vision.decode(z)).reshape(-1, *shape), rewards)


def steps_in_view(states: NDArray[np.float64], reach: float) -> int:
    """After how many steps the car is farther from its start than the first frame shows.

    Args:
        states: (L + 1, 4), x and y first.
        reach: what a frame shows ahead, world units.

    Returns:
        L + 1 for a car that never is.
    """
    beyond = np.linalg.norm(states[:, :2] - states[0, :2], axis=1) > reach
    return int(beyond.argmax()) if beyond.any() else len(states)


def padded(columns: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Arrays (L, n) of B episodes as one (max L, B, n), with zeros after an episode's end."""
    whole = np.zeros((max(map(len, columns)), len(columns), columns[0].shape[1]), np.float32)
    for number, rows in enumerate(columns):
        whole[: len(rows), number] = rows
    return whole


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("compare_dream", reads=["v", "m", "c", "evaluation"]) as run:
        params, evaluation = run.params, run.table("evaluation", RacingEvaluation)
        env = params.env
        if not isinstance(env, RacingParams):
            raise ParamsError("env.kind: must be racing for compare_dream")
        task = make_task(env)
        agent = load_agent([run.paths[name] for name in "vmc"], task)
        check_observations(run.paths["evaluation"], evaluation, task)
        check_can_dream(run.paths["m"], agent.memory)
        figure_set, result = compare_dream(
            env.max_steps,
            params.evolve_c.temperature,
            env.view.reach,
            agent,
            evaluation,
            run.streams,
        )
        frames_per_second = params.visualize.frames_per_second
        figure_set.save(run.reports, "dream.gif", frames_per_second, run.writing)
        run.report(result)


if __name__ == "__main__":
    main()
