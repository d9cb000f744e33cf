"""Draws the figures of README and docs/ from files in git: python -m tools.docs_figures [FOLDER]

Writes *.svg and *.gif into docs/figures, or into another folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import worldmodels
from tools import dream_transfer, recurrent_state
from tools.carracing_scores import agents as carracing_agents
from tools.command_errors import errors_in_a_line
from tools.docs_episode import EPISODE
from tools.rooms import ROOT
from tools.study_pages import study_figure
from tools.study_reader import study_names
from tools.study_results import UnfinishedError
from tools.training_seed import seed_folders
from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.agent.loading import load_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.registry import make_task
from worldmodels.figures.common.animation import save_gif
from worldmodels.figures.common.score_by_cost import (
    Checkpoints,
    TestScore,
)
from worldmodels.figures.docs.ablations import ablations_figure
from worldmodels.figures.docs.agent import Moment, agent_figure
from worldmodels.figures.docs.endless_bend import DecodedEpisode, bend_frames
from worldmodels.figures.docs.score_by_cost import Training, score_by_cost_figure
from worldmodels.figures.docs.style import svg
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.outputs import AtomicOutputs
from worldmodels.pipeline.reports import curve_path, metrics_path, read_curve, read_numbers
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout

FIGURES = Path("docs/figures")
CARRACING = ROOT / "carracing"
DREAM_STEPS, DREAM_TEMPERATURE = range(0, 21, 3), 0.5  # of the frames of M's dream
FRAMES_PER_SECOND = 50  # of the game
COLD, BEND_SEED = 0.01, 0  # the temperature study's lowest; of the track and of the dream
GIF_FRAMES_PER_SECOND, HOLD = 20, 2.0


def score_by_cost() -> bytes:
    """The score of CarRacing by core-hours, beside the paper's."""
    folders = seed_folders(CARRACING).values()
    return svg(score_by_cost_figure([_training(folder / "reports") for folder in folders]))


def ablations() -> bytes:
    """What C returns in CarRacing without h, without dreams and without fine-tuning."""
    return svg(ablations_figure(*carracing_agents(CARRACING)))


def agent() -> bytes:
    """V, M and C of the released agent, in a recorded episode."""
    with np.load(ROOT / EPISODE) as arrays:
        *earlier, last = arrays["observations"]
        frame = arrays["frame"]
    folder = CARRACING / "released"
    released = worldmodels.load(folder)
    for observation in earlier:
        for _ in range(released.frame_skip):
            released.act(observation)
    h = released.h
    released.act(last)
    dream = released.dream(steps=DREAM_STEPS[-1], temperature=DREAM_TEMPERATURE)
    steps = list(DREAM_STEPS)
    seconds = [step * released.frame_skip / FRAMES_PER_SECOND for step in steps]
    moment = Moment(
        frame=frame,
        z=released.z,
        h=h,
        action=released.action,
        dream=dream.pictures[steps],
        dream_seconds=seconds,
        dream_temperature=DREAM_TEMPERATURE,
        sizes=(_size(folder / "v.npz"), _size(folder / "m.npz"), _size(folder / "c.npz")),
    )
    return svg(agent_figure(moment))


def endless_bend() -> bytes:
    """The dream that the coldest C of the temperature study exploits, and that C on the road."""
    study = ROOT / "studies" / "temperature"
    task = make_task(read_params(study / "params.yaml").env)
    models = study / "released"
    parts = load_agent([models / "v.npz", models / "m.npz", models / f"{COLD}/c.npz"], task)
    (track,) = task.sample_tracks(1, np.random.default_rng(BEND_SEED))
    _, road = recorded_rollout(task.make_env([track], 1), Agent(*parts))
    z = parts.vision.encode(to_pixels(road.observations))
    dream_env = DreamEnv(
        parts.memory.members, StartStates(z[:1], seed=BEND_SEED), 1, task.max_steps, COLD
    )
    _, dream = recorded_rollout(dream_env, LatentPolicy(parts.controllers), store=np.copy)

    def decoded(z: NDArray[np.float32], rewards: NDArray[np.float64]) -> DecodedEpisode:
        views = to_bytes(parts.vision.decode(z))
        return DecodedEpisode(views.reshape(-1, *task.observation_shape), rewards)

    frames = bend_frames(
        decoded(dream.observations[:, : z.shape[1]], dream.rewards),
        decoded(z, road.rewards),
        track,
        road.info["state"],
        COLD,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "animation.gif"
        save_gif(path, list(frames), GIF_FRAMES_PER_SECOND, HOLD)
        return path.read_bytes()


DRAWN: Mapping[str, Callable[[], bytes]] = {  # a file in docs/figures -> its content
    "score_by_cost.svg": score_by_cost,
    "ablations.svg": ablations,
    "agent.svg": agent,
    "endless_bend.gif": endless_bend,
    **{f"{name}.svg": partial(study_figure, name) for name in study_names()},
    f"{dream_transfer.NAME}.svg": dream_transfer.figure,
    f"{recurrent_state.NAME}.svg": recurrent_state.figure,
}


def _training(reports: Path) -> Training:
    """Scores and costs of `make carracing` with one training seed."""
    rounds = read_curve(curve_path(reports, "rounds"), "rounds")
    mean, stderr, hours = _numbers(
        reports, "visualize_carracing", "mean_return", "stderr", "core_hours"
    )
    finetuned = _numbers(reports, "finetune_c", "validation_return")
    return Training(
        Checkpoints(rounds["core_hours"], rounds["validation"]),
        Checkpoints(np.array([hours]), np.array(finetuned)),
        TestScore(hours, mean, stderr),
    )


def _numbers(reports: Path, stage: str, *names: str) -> list[float]:
    """Metrics of a stage."""
    return read_numbers(metrics_path(reports, stage), stage, names)


def _size(path: Path) -> int:
    """How many numbers a model has."""
    with np.load(path) as arrays:
        return sum(arrays[name].size for name in arrays if name != "kind")


def main() -> None:
    """Draw all figures, into the folder of the command line if there is one.

    Those of studies that are unfinished are left out.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.docs_figures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FIGURES, help=f"default: {FIGURES}")
    folder = parser.parse_args().folder
    drawn = []
    with errors_in_a_line("docs_figures"), AtomicOutputs() as outputs:
        for name, draw in DRAWN.items():
            try:
                content = draw()
            except UnfinishedError as error:
                print(f"docs_figures: left out: {error}", file=sys.stderr)
                continue
            with outputs.writing(ROOT / folder / name) as path:
                path.write_bytes(content)
            drawn.append(name)
    print(f"{folder}: {', '.join(drawn)}")


if __name__ == "__main__":
    main()
