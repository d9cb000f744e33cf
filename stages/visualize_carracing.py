"""visualize_carracing: figures and an animation of CarRacing.

Reads v.npz, m.npz, c.npz, evaluation.h5 and the reports of all rounds; writes
reports/figures/*.png, reports/drive.gif and reports/curves/rounds.csv.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.agent.agent import LatentPolicy
from worldmodels.agent.loading import AgentParts, check_can_dream, check_observations, load_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.carracing.rerender import rerender_episode
from worldmodels.envs.carracing.task import CarRacingTask
from worldmodels.figures.carracing.drive_gif import (
    GAME_SIZE,
    LatentTrace,
    episode_frames,
    first_step,
    shown_steps,
)
from worldmodels.figures.carracing.returns import returns_figure
from worldmodels.figures.carracing.rounds import FinalScore, FinetuneScore, Rounds, rounds_figure
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.common.score_by_cost import SOLVED
from worldmodels.interfaces import Memory, Vision, takes_c
from worldmodels.pipeline.config.env_params import CarRacingParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import (
    ROUNDS,
    StageResult,
    curve_path,
    read_numbers,
    write_curve,
)
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation
from worldmodels.pipeline.storage.episode import Episode
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout

ROUND_STAGES = ("collect", "train_v", "encode", "train_m", "evolve_c")


def visualize_carracing(
    env: CarRacingParams,
    temperature: float,
    agent: AgentParts,
    evaluation: CarRacingEvaluation,
    learning: tuple[Rounds, FinetuneScore] | None,
    streams: RandomStreams,
) -> tuple[FigureSet, StageResult]:
    """All figures, and an animation of C's episode of median return beside a dream.

    `learning` is the scores after each round and after finetune_c, if there were any.

    Raises:
        UserError: the game does not repeat the recorded episode.
    """
    all_returns = np.add.reduceat(evaluation.rewards, evaluation.first_step[:-1])
    by_c = evaluation.by_controller
    returns, baseline, finished = all_returns[by_c], all_returns[~by_c], evaluation.finished[by_c]
    shown = np.flatnonzero(by_c)[returns.argsort(kind="stable")[(len(returns) - 1) // 2]]
    track_seed, episode = int(evaluation.track_seeds[shown]), evaluation.episode(int(shown))
    trace = trace_episode(agent.vision, agent.memory, episode)
    dream = trace_dream(agent, trace.z[:1], env, temperature, streams)
    first = first_step(len(episode.actions), env.frame_skip)
    game = game_frames(env, track_seed, episode, first)
    frames = episode_frames(game, episode.observations, trace, dream, first)
    figure_set = FigureSet(
        {"returns": returns_figure(returns, finished, baseline)},
        list(progress(frames, "visualize_carracing: animation")),
    )
    metrics = {
        "mean_return": float(returns.mean()),
        "stderr": float(returns.std() / np.sqrt(len(returns))),
        "median_return": float(np.median(returns)),
        "worst_return": float(returns.min()),
        "finished_share": float(finished.mean()),
        "baseline_return": float(baseline.mean()),
    }
    details = {
        "std_return": float(returns.std()),
        "episodes": len(returns),
        "above_900": int((returns > SOLVED).sum()),
        "shown_track": track_seed,
        "shown_return": episode.total_reward,
        "dream_return": float(dream.returns[-1]),
    }
    cost = ""
    if learning:
        rounds, finetuned = learning
        final = FinalScore(
            metrics["mean_return"], metrics["stderr"], len(returns), metrics["baseline_return"]
        )
        figure_set.figures["rounds"] = rounds_figure(rounds, finetuned, final)
        metrics["core_hours"] = finetuned.core_hours
        details["env_frames"] = int(finetuned.env_frames)
        cost = (
            f"; {len(rounds.core_hours)} rounds and finetune_c took {finetuned.core_hours:.1f} "
            f"core-hours and {details['env_frames']:,} frames of the game"
        )
    summary = (
        f"C returns {metrics['mean_return']:+.1f} +- {metrics['stderr']:.1f} on {len(returns)} "
        f"tracks, more than {SOLVED} on {details['above_900']} of them (the random policy: "
        f"{metrics['baseline_return']:+.1f}){cost}; in the animation of {len(figure_set.frames)} "
        f"frames it returns {details['shown_return']:+.1f} in the game and "
        f"{details['dream_return']:+.1f} in its dream"
    )
    return figure_set, StageResult(summary, metrics, details)


def trace_episode(vision: Vision, memory: Memory, episode: Episode) -> LatentTrace:
    """z and h in a recorded episode."""
    z = vision.encode(to_pixels(episode.observations))
    h = np.zeros((len(z), 1, memory.hidden_size), np.float32)
    c = np.zeros_like(h[0])
    for step, action in enumerate(episode.actions):
        h[step + 1], c = memory.step(z[step : step + 1], action[None], h[step], c)
    return _trace(vision, z, h[:, 0], episode.rewards, episode.observations.shape)


def trace_dream(
    agent: AgentParts,
    start: NDArray[np.float32],
    env: CarRacingParams,
    temperature: float,
    streams: RandomStreams,
) -> LatentTrace:
    """z and h of C in a dream of the first M from z (1, Z)."""
    starts = StartStates(start, seed=int(streams("dream").integers(2**63)))
    members, with_c = agent.memory.members[:1], takes_c(agent.controllers.features, agent.memory)
    dream = DreamEnv(members, starts, 1, env.max_steps, temperature, observe_c=with_c)
    policy = LatentPolicy(agent.controllers)
    _, recorded = recorded_rollout(dream, policy, "visualize_carracing: dream", store=np.copy)
    seen = recorded.observations
    z, h = seen[:, : start.shape[1]], seen[:, -agent.memory.hidden_size :]
    return _trace(agent.vision, z, h, recorded.rewards, (-1, *env.view.shape))


def _trace(
    vision: Vision,
    z: NDArray[np.float32],
    h: NDArray[np.float32],
    rewards: NDArray[np.float64],
    shape: tuple[int, ...],
) -> LatentTrace:
    return LatentTrace(to_bytes(vision.decode(z)).reshape(shape), z, h, rewards)


def game_frames(
    env: CarRacingParams, track_seed: int, episode: Episode, first: int
) -> NDArray[np.uint8]:
    """The game's own frames of the steps that the animation shows, of GAME_SIZE."""
    last = len(episode.actions)
    renders = rerender_episode(env, track_seed, episode)
    shown = set(shown_steps(first, last))
    return np.stack(
        [
            np.asarray(Image.fromarray(render()).resize(GAME_SIZE, Image.Resampling.LANCZOS))
            for step, render in enumerate(progress(renders, "visualize_carracing: game", last + 1))
            if step in shown
        ]
    )


def read_learning(
    folders: Sequence[Path], reports: Path, frame_skip: int
) -> tuple[Rounds, FinetuneScore] | None:
    """Scores and costs in the folders of rounds, and in the reports of finetune_c.

    None without folders.

    Raises:
        UserError: a file is missing or damaged.
    """
    rows = []
    for folder in folders:
        own = folder / "reports"
        (validation,) = _read(own, "metrics", "evolve_c", "validation_return")
        frames, episodes = _read(own, "details", "collect", "frames", "episodes")
        costs = [_read(own, "cost", stage, "core_hours")[0] for stage in ROUND_STAGES]
        rows.append((validation, np.cumsum(costs)[-1], (frames - episodes) * frame_skip))
    if not rows:
        return None
    validations, core_hours, env_frames = np.array(rows).T
    rounds = Rounds(validations, core_hours.cumsum(), env_frames.cumsum())
    (validation,) = _read(reports, "metrics", "finetune_c", "validation_return")
    (steps,) = _read(reports, "details", "finetune_c", "train_env_steps")
    (hours,) = _read(reports, "cost", "finetune_c", "core_hours")
    return rounds, FinetuneScore(
        validation,
        float(rounds.core_hours[-1]) + hours,
        float(rounds.env_frames[-1]) + steps * frame_skip,
    )


def _read(reports: Path, kind: str, stage: str, *names: str) -> list[float]:
    """Numbers in reports/<kind>/<stage>.json."""
    return read_numbers(reports / kind / f"{stage}.json", stage, names)


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    reads = ["v", "m", "c", "evaluation"]
    with run_stage("visualize_carracing", reads=reads, folders="rounds", need_folders=False) as run:
        params, evaluation = run.params, run.table("evaluation", CarRacingEvaluation)
        if not isinstance(params.env, CarRacingParams):
            raise ParamsError("env.kind: must be carracing for visualize_carracing")
        task = CarRacingTask(params.env)
        agent = load_agent([run.paths[name] for name in "vmc"], task)
        check_observations(run.paths["evaluation"], evaluation, task)
        check_can_dream(run.paths["m"], agent.memory)
        learning = read_learning(run.folders, run.reports, params.env.frame_skip)
        figure_set, result = visualize_carracing(
            params.env, params.evolve_c.temperature, agent, evaluation, learning, run.streams
        )
        frames_per_second = params.visualize.frames_per_second
        figure_set.save(run.reports, "drive.gif", frames_per_second, run.writing)
        if learning:
            rows = enumerate(zip(*learning[0], strict=True))
            curve = [dict(zip(ROUNDS, (number, *row), strict=True)) for number, row in rows]
            with run.writing(curve_path(run.reports, "rounds")) as path:
                write_curve(path, curve, "rounds")
        run.report(result)


if __name__ == "__main__":
    main()
