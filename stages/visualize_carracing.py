"""race: CarRacing in pictures.     v.npz, m.npz, c.npz, drives.h5, rounds -> figures, drive.gif"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from worldmodels.agent.agent import LatentPolicy
from worldmodels.agent.loading import AgentParts, check_observations, load_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.envs.carracing.rerender import rerender_episode
from worldmodels.envs.carracing.task import CarRacingTask
from worldmodels.figures.carracing.drive_gif import EVERY, GAME, LatentTrace, race_frames
from worldmodels.figures.carracing.returns import SOLVED, tracks
from worldmodels.figures.carracing.rounds import Final, Polished, Rounds, rounds
from worldmodels.figures.common.animation import save_gif
from worldmodels.figures.common.style import save
from worldmodels.interfaces import Memory, Vision
from worldmodels.pipeline.config.env_params import CarRacingParams
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import ROUNDS, StageResult, read_metrics, write_curve
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation, Episode
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout

HOLD = 2.0  # seconds for which the animation's last frame stays
PAID = ("collect", "train_v", "encode", "train_m", "evolve_c")  # stages of a round


class Pictures(NamedTuple):
    """Figures by name, and the frames of the animation."""

    figures: dict[str, Figure]
    frames: list[Image.Image]


def race(
    env: CarRacingParams,
    temperature: float,
    agent: AgentParts,
    evaluation: CarRacingEvaluation,
    course: tuple[Rounds, Polished] | None,
    streams: RandomStreams,
) -> tuple[Pictures, StageResult]:
    """Draw everything; the drive that is shown is C's of median return, beside a dream.

    `course` is what came of the rounds and of polishing, if there were any.

    Raises:
        UserError: the game does not do again what was recorded.
    """
    returns = np.add.reduceat(evaluation.rewards, evaluation.first_step[:-1])
    by_c = evaluation.by_controller
    own, random = returns[by_c], returns[~by_c]
    shown = np.flatnonzero(by_c)[own.argsort(kind="stable")[(len(own) - 1) // 2]]
    drive = evaluation.episode(int(shown))
    real = trace_episode(agent.vision, agent.memory, drive)
    dreamt = trace_dream(agent, real.z[:1], env, temperature, streams)
    pictures = game(env, int(evaluation.track_seeds[shown]), drive)
    frames = race_frames(pictures, drive.observations, real, dreamt)
    painted = list(progress(frames, "race: animation"))
    figures = {"tracks": tracks(own, evaluation.finished[by_c], random)}
    metrics = {
        **scores(own, evaluation.finished[by_c]),
        "baseline_return": float(random.mean()),
        "shown_track": int(evaluation.track_seeds[shown]),
        "shown_return": drive.score,
        "dreamt_return": float(dreamt.total[-1]),
    }
    took = ""
    if course:
        final = Final(metrics["mean_return"], metrics["stderr"], metrics["baseline_return"])
        figures["rounds"] = rounds(*course, final)
        by_round, polished = course
        metrics |= {"core_hours": polished.core_hours, "real_frames": int(polished.real_frames)}
        took = (
            f"; {len(by_round.core_hours)} rounds and the polish took {metrics['core_hours']:.1f} "
            f"core-hours and {metrics['real_frames']:,} real frames to learn from"
        )
    summary = (
        f"C returns {own.mean():+.1f} +- {metrics['stderr']:.1f} on {len(own)} tracks, more than "
        f"{SOLVED} on {metrics['above_900']} of them (the random policy: {random.mean():+.1f})"
        f"{took}; in the animation of {len(painted)} frames it returns {drive.score:+.1f}, and "
        f"{dreamt.total[-1]:+.1f} in its dream"
    )
    return Pictures(figures, painted), StageResult(summary, metrics)


def scores(returns: NDArray[np.float64], finished: NDArray[np.bool_]) -> dict[str, float]:
    """What the final drives of C come to."""
    return {
        "mean_return": float(returns.mean()),
        "std_return": float(returns.std()),
        "stderr": float(returns.std() / np.sqrt(len(returns))),
        "median_return": float(np.median(returns)),
        "worst_return": float(returns.min()),
        "finished_share": float(finished.mean()),
        "episodes": len(returns),
        "above_900": int((returns > SOLVED).sum()),
    }


def trace_episode(vision: Vision, memory: Memory, drive: Episode) -> LatentTrace:
    """What V and M made of a drive."""
    z = vision.encode(to_pixels(drive.observations))
    h = np.zeros((len(z), 1, memory.hidden_size), np.float32)
    c = np.zeros_like(h[0])
    for step, action in enumerate(drive.actions):
        h[step + 1], c = memory.step(z[step : step + 1], action[None], h[step], c)
    return _trace(vision, z, h[:, 0], drive.rewards, drive.observations.shape)


def trace_dream(
    agent: AgentParts,
    start: NDArray[np.float32],
    env: CarRacingParams,
    temperature: float,
    streams: RandomStreams,
) -> LatentTrace:
    """What the first M dreams of C's driving from z (1, Z) on."""
    seed = int(streams("dream").integers(2**63))
    dream = DreamEnv(agent.memory.members[:1], start, 1, env.max_steps, temperature, seed)
    driver = LatentPolicy(agent.controllers)
    _, recorded = recorded_rollout(dream, driver, "race: dream", store=np.copy)
    z, h = np.split(recorded.observations, [start.shape[1]], axis=1)
    return _trace(agent.vision, z, h, recorded.rewards, (-1, *env.view.shape))


def _trace(
    vision: Vision,
    z: NDArray[np.float32],
    h: NDArray[np.float32],
    rewards: NDArray[np.float64],
    shape: tuple[int, ...],
) -> LatentTrace:
    return LatentTrace(to_bytes(vision.decode(z)).reshape(shape), z, h, rewards)


def game(env: CarRacingParams, track_seed: int, drive: Episode) -> NDArray[np.uint8]:
    """Pictures of the steps of a drive that the animation shows, as large as it shows them."""
    last = len(drive.actions)
    again = progress(rerender_episode(env, track_seed, drive), "race: the drive again", last + 1)
    return np.stack(
        [
            np.asarray(Image.fromarray(picture()).resize(GAME, Image.Resampling.LANCZOS))
            for step, picture in enumerate(again)
            if step % EVERY == 0 or step == last
        ]
    )


def course_of(
    folders: Sequence[Path], reports: Path, frame_skip: int
) -> tuple[Rounds, Polished] | None:
    """What is in the folders of rounds, in their order, and in the reports of polishing; None
    without any.

    Raises:
        UserError: a file of a round is missing or damaged.
    """
    rows = []
    for folder in folders:
        metrics = folder / "reports/metrics"
        (score,) = read_metrics(metrics / "evolve_c.json", "evolve_c", ["real_return"])
        frames, episodes = read_metrics(metrics / "collect.json", "collect", ["frames", "episodes"])
        hours = [
            read_metrics(folder / f"reports/cost/{name}.json", name, ["core_hours"])[0]
            for name in PAID
        ]
        rows.append((score, sum(hours), (frames - episodes) * frame_skip))
    if not rows:
        return None
    scores, core_hours, real_frames = np.array(rows).T
    course = Rounds(scores, core_hours.cumsum(), real_frames.cumsum())
    validation, tried = read_metrics(
        reports / "metrics/polish.json", "polish", ["real_return", "train_env_steps"]
    )
    (polishing,) = read_metrics(reports / "cost/polish.json", "polish", ["core_hours"])
    return course, Polished(
        validation,
        float(course.core_hours[-1]) + polishing,
        float(course.real_frames[-1]) + tried * frame_skip,
    )


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    reads = ["v", "m", "c", "drives"]
    with run_stage("race", reads=reads, folders="rounds", need_folders=False) as run:
        params, evaluation = run.params, run.table("drives", CarRacingEvaluation)
        if not isinstance(params.env, CarRacingParams):
            raise ParamsError("world.kind: must be carracing where its drives are shown")
        task = CarRacingTask(params.env)
        agent = load_agent([run.paths[name] for name in "vmc"], task)
        check_observations(run.paths["drives"], evaluation, task)
        if not agent.memory.predicts_reward_done:
            raise UserError(f"{run.paths['m']}: this M predicts no rewards and ends: none to dream")
        course = course_of(run.folders, run.reports, params.env.frame_skip)
        pictures, report = race(
            params.env, params.evolve_c.temperature, agent, evaluation, course, run.streams
        )
        for name, figure in pictures.figures.items():
            save(figure, run.output_path(run.reports / "figures" / f"{name}.png"))
        gif = run.output_path(run.reports / "drive.gif")
        save_gif(gif, pictures.frames, params.visualize.frames_per_second, HOLD)
        if course:
            table = run.output_path(run.reports / "curves" / "rounds.csv")
            rows = enumerate(zip(*course[0], strict=True))
            write_curve(
                table, [dict(zip(ROUNDS, (n, *row), strict=True)) for n, row in rows], "rounds"
            )
        run.report(report)


if __name__ == "__main__":
    main()
