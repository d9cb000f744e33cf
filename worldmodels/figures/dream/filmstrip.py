"""filmstrip.png: frames of an episode, and below them of a dream from the same start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.observation import draw_observation
from worldmodels.figures.common.style import GREY, INK, VERMILION, new_figure

Frames = NDArray[np.float32]  # (L + 1, H, W, 1 or 3)
Returns = NDArray[np.float64]  # so far, (L + 1,)
SHOWN = 9  # frames of each
GAP = 0.12  # between frames, as a share of one


def filmstrip_figure(
    episode: Frames, dream: Frames, episode_returns: Returns, dream_returns: Returns
) -> Figure:
    """Frames of an episode and of a dream, each with its own L and with the return so far."""
    figure = new_figure(11.4, 3.5)
    axes = figure.add_axes((0.09, 0.03, 0.905, 0.86))
    steps = frame_steps(len(episode) - 1, len(dream) - 1)
    rows = ((1.36, episode, episode_returns), (0.0, dream, dream_returns))
    for column, step in enumerate(steps):
        x = column * (1 + GAP)
        axes.text(x + 0.5, 2.42, f"step {step}", ha="center", va="bottom", color=INK)
        for y, frames, returns in rows:
            if step < len(frames):
                draw_observation(axes, frames[step], x, y, black=-0.15)
                axes.plot(x + 0.5, y + 0.5, "^", color=VERMILION, markersize=6)
                axes.text(x + 0.5, y - 0.04, f"{returns[step]:+.1f}", ha="center", va="top")
            else:
                words = f"ended at\nstep {len(frames) - 1}"
                axes.text(x + 0.5, y + 0.5, words, ha="center", va="center", color=GREY)
    axes.set(xlim=(0, len(steps) * (1 + GAP) - GAP), ylim=(-0.25, 2.6), aspect="equal", xticks=[])
    axes.set_yticks([1.86, 0.5], ["environment,\ndecoded z", "dream,\ndecoded z"])
    axes.tick_params(left=False)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(
        f"C returns {episode_returns[-1]:+.1f} in the environment, {dream_returns[-1]:+.1f} in a "
        "dream from the same start (forward is up; below each frame, the return so far)",
        pad=10,
    )
    return figure


def frame_steps(episode: int, dream: int) -> list[int]:
    """The steps to show of episodes of these lengths: even, but closer while both go on."""
    shorter, longer = sorted((episode, dream))
    if longer - shorter < longer / SHOWN:
        steps = np.linspace(0, longer, SHOWN)
    else:
        steps = np.r_[np.linspace(0, shorter, SHOWN - 3), np.linspace(shorter, longer, 4)[1:]]
    return [round(step) for step in steps.tolist()]
