"""compare: what C does on the road beside what it dreams.  v, m, c, drives -> figures, dream.gif"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from worldmodels.agent.agent import LatentPolicy
from worldmodels.agent.loading import check_observations, load_agent
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import DreamEnv
from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.registry import make_task
from worldmodels.figures.common.animation import save_gif
from worldmodels.figures.common.style import save
from worldmodels.figures.dream.dream_gif import Episode, dream_frames
from worldmodels.figures.dream.filmstrip import filmstrip
from worldmodels.figures.dream.open_loop_error import dream_error
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import Ensemble
from worldmodels.open_loop_error import open_loop_error
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import RacingEvaluation
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout

SOON = 10  # steps
HOLD = 2.0  # seconds for which the animation's last frame stays
NAMES = {
    "dream": "dream at temperature {temperature:g}",
    "expected": "dream without noise",
    "stays": "z stays",
    "another": "z of another drive",
    "awake": "M awake, one step ahead",
}


class Pictures(NamedTuple):
    """Figures by name, and the frames of the animation."""

    figures: dict[str, Figure]
    frames: list[Image.Image]


def compare(
    max_steps: int,
    temperature: float,
    vision: Vision,
    memory: Ensemble,
    controllers: Controllers,
    evaluation: RacingEvaluation,
    streams: RandomStreams,
) -> tuple[Pictures, StageResult]:
    """Dream of every drive of C; the first whose dream is the longest is shown step by step."""
    own = np.flatnonzero(evaluation.by_controller).tolist()
    driven = [evaluation.episode(number) for number in own]
    codes = [vision.encode(to_pixels(drive.observations)) for drive in driven]
    starts = np.array([z[0] for z in codes])
    seed = int(streams("dreams").integers(2**63))
    dreams = DreamEnv(memory.members, starts, len(starts), max_steps, temperature, seed)
    outcome, recorded = recorded_rollout(
        dreams, LatentPolicy(controllers), "compare", store=np.copy
    )
    shown = int(outcome.lengths.argmax())
    frames = slice(*np.cumsum([0, *(outcome.lengths + 1)])[shown : shown + 2])
    steps = slice(*np.cumsum([0, *outcome.lengths])[shown : shown + 2])
    shape = evaluation.observations.shape[1:]
    z = recorded.observations[frames, : vision.z_size]
    dreamt = episode(vision, z, recorded.rewards[steps], shape)
    real = episode(vision, codes[shown], driven[shown].rewards, shape)
    errors = open_loop_error(
        memory.members[0],
        padded(codes),
        padded([drive.actions for drive in driven]),
        evaluation.lengths[own],
        temperature,
        int(streams("straying").integers(2**63)),
    )
    named = {
        name.format(temperature=temperature): errors[key]
        for key, name in NAMES.items()
        if key in errors
    }
    figures = {
        "dream_error": dream_error(named, len(own)),
        "filmstrip": filmstrip(
            to_pixels(real.views), to_pixels(dreamt.views), real.total, dreamt.total
        ),
    }
    track = stored_track(evaluation, own[shown])
    painted = dream_frames(track, driven[shown].states, real, dreamt)
    pictures = Pictures(figures, list(progress(painted, "compare: animation")))
    metrics = {
        **{
            f"{name}_error_{steps}": float(errors[name][min(steps, len(errors[name])) - 1])
            for steps in (1, SOON, 3 * SOON)
            for name in ("dream", "stays")
        },
        "dreamt_return": float(outcome.returns.mean()),
        "real_return": float(np.mean([drive.score for drive in driven])),
    }
    first, stays = metrics[f"dream_error_{SOON}"], metrics[f"stays_error_{SOON}"]
    summary = (
        f"from the same {len(own)} starts C returns {metrics['dreamt_return']:+.2f} in dreams and "
        f"{metrics['real_return']:+.2f} on the road; the z of a dream is off by {first:.2f} times "
        f"their spread after {SOON} steps of the same actions (z stays: {stays:.2f})"
    )
    return pictures, StageResult(summary, metrics)


def episode(
    vision: Vision,
    z: NDArray[np.float32],
    rewards: NDArray[np.float64],
    shape: tuple[int, ...],
) -> Episode:
    """What z (L + 1, Z) look like in pictures of this shape."""
    return Episode(to_bytes(vision.decode(z)).reshape(-1, *shape), rewards)


def padded(column: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Arrays (L, n) of B drives as one of (most L, B, n), with zeros where one is over."""
    whole = np.zeros((max(map(len, column)), len(column), column[0].shape[1]), np.float32)
    for number, rows in enumerate(column):
        whole[: len(rows), number] = rows
    return whole


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("compare", reads=["v", "m", "c", "drives"]) as run:
        task = make_task(run.params.env)
        vision, memory, controllers = load_agent([run.paths[name] for name in "vmc"], task)
        evaluation = run.table("drives", RacingEvaluation)
        check_observations(run.paths["drives"], evaluation, task)
        if not memory.predicts_reward_done:
            raise UserError(f"{run.paths['m']}: this M predicts no rewards and ends: none to dream")
        params = run.params
        pictures, report = compare(
            params.env.max_steps,
            params.evolve_c.temperature,
            vision,
            memory,
            controllers,
            evaluation,
            run.streams,
        )
        for name, figure in pictures.figures.items():
            save(figure, run.output_path(run.reports / "figures" / f"{name}.png"))
        gif = run.output_path(run.reports / "dream.gif")
        save_gif(gif, pictures.frames, params.visualize.frames_per_second, HOLD)
        run.report(report)


if __name__ == "__main__":
    main()
