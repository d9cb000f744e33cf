"""Draws pictures with what a person's settings could change, in the folder of its argument."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from tests.support.racing_episode import seen_episode
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.common.training_curves import training_figure
from worldmodels.figures.dream.filmstrip import filmstrip_figure
from worldmodels.figures.racing.drive_gif import episode_frames

LEARNING = {name: np.geomspace(1, 0.01, 9) for name in ("epoch", "train", "held_out", "baseline")}
EVOLUTION = {
    name: np.linspace(1, 1e4, 9)
    for name in ("generation", "best", "mean", "median", "distribution_mean", "incumbent")
} | {name: np.linspace(1, 2, 9) for name in ("validation", "baseline", "sigma")}


def main(folder: Path) -> None:
    """Draw two figures and an animation."""
    episode = seen_episode(2)
    frames = episode_frames(Track(), episode)
    images = episode.observations / 255
    figures = {
        "log_axes": training_figure(LEARNING, LEARNING, EVOLUTION),
        "images": filmstrip_figure(images, images, np.arange(3), np.arange(3)),
    }
    (folder / "figures").mkdir(parents=True)
    FigureSet(figures, list(frames)).save(folder, "drive.gif", 20, nullcontext)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
