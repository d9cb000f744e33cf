"""filmstrip.png: frames of a drive, and below them of a dream from the same start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.observation import draw_observation
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, README_WIDTH
from worldmodels.figures.dream.layout import add_axes, titled_figure

Frames = NDArray[np.float32]  # (L + 1, H, W, 1 or 3)
Returns = NDArray[np.float64]  # so far, (L + 1,)
SHOWN = 9  # frames of each
GAP = 0.12  # between frames, as a share of one
HEIGHT, LEFT = 296, 78  # pixels; of the figure, and left of the frames
HIGH = 2.6  # of the frames' axes, in sides of a frame


def filmstrip_figure(
    episode: Frames, dream: Frames, episode_returns: Returns, dream_returns: Returns
) -> Figure:
    """Frames of an episode and of a dream, each with its own L and with the return so far."""
    figure = titled_figure(
        HEIGHT,
        f"From the same start, C returns {dream_returns[-1]:+.1f} in its dream and "
        f"{episode_returns[-1]:+.1f} on the road",
        "V's decoding of z, of the road and of M's dream; forward is up. Below each frame is the "
        "return so far.",
    )
    steps = frame_steps(len(episode) - 1, len(dream) - 1)
    wide = len(steps) * (1 + GAP) - GAP
    across = README_WIDTH - LEFT - 6
    axes = add_axes(figure, LEFT, 8, across, round(across * HIGH / wide))
    rows = ((1.36, episode, episode_returns, ENVIRONMENT), (0.0, dream, dream_returns, DREAM))
    for column, step in enumerate(steps):
        x = column * (1 + GAP)
        axes.text(x + 0.5, 2.42, f"step {step}", ha="center", va="bottom")
        for y, frames, returns, colour in rows:
            if step < len(frames):
                draw_observation(axes, frames[step], x, y, black=-0.15)
                axes.plot(x + 0.5, y + 0.5, "^", color=colour, markersize=6)
                words = f"{returns[step]:+.1f}"
                axes.text(x + 0.5, y - 0.05, words, ha="center", va="top", color=colour)
            else:
                words = f"ended at\nstep {len(frames) - 1}"
                axes.text(x + 0.5, y + 0.5, words, ha="center", va="center")
    axes.set(xlim=(0, wide), ylim=(-0.25, HIGH - 0.25), xticks=[])
    axes.set_yticks([1.86, 0.5], ["the road,\nas V\nsees it", "M's\ndream"])
    for label, (*_, colour) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set(color=colour)
    axes.tick_params(left=False)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    return figure


def frame_steps(episode: int, dream: int) -> list[int]:
    """The steps to show of episodes of these lengths: even, but closer while both go on."""
    shorter, longer = sorted((episode, dream))
    if longer - shorter < longer / SHOWN:
        steps = np.linspace(0, longer, SHOWN)
    else:
        steps = np.r_[np.linspace(0, shorter, SHOWN - 3), np.linspace(shorter, longer, 4)[1:]]
    return [round(step) for step in steps.tolist()]
