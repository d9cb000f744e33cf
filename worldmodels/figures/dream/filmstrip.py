"""filmstrip.png: what happens on the road, and below it what is dreamt from the same start."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from worldmodels.figures.common.style import GREY, INK, VERMILION, new_figure

Pictures = NDArray[np.float32]  # (frames, H, W, 1 or 3)
SHOWN = 9  # frames of each
GAP = 0.12  # between them, as a share of one


def filmstrip(
    real: Pictures,
    dreamt: Pictures,
    real_return: NDArray[np.float64],
    dreamt_return: NDArray[np.float64],
) -> Figure:
    """Frames of a drive and of a dream, L + 1 each, with the return so far, (L + 1,)."""
    figure = new_figure(11.4, 3.5)
    axes = figure.add_axes((0.09, 0.03, 0.905, 0.86))
    frames = shown(len(real) - 1, len(dreamt) - 1)
    rows = ((1.36, real, real_return), (0.0, dreamt, dreamt_return))
    for column, frame in enumerate(frames):
        x = column * (1 + GAP)
        axes.text(x + 0.5, 2.42, f"step {frame}", ha="center", va="bottom", color=INK)
        for y, pictures, total in rows:
            if frame < len(pictures):
                axes.imshow(
                    pictures[frame, ..., 0] if pictures.shape[-1] == 1 else pictures[frame],
                    cmap="gray",
                    vmin=-0.15,
                    vmax=1,
                    interpolation="nearest",
                    extent=(x, x + 1, y, y + 1),
                )
                axes.plot(x + 0.5, y + 0.5, "^", color=VERMILION, markersize=6)
                axes.text(x + 0.5, y - 0.04, f"{total[frame]:+.1f}", ha="center", va="top")
            else:
                words = f"over since\nstep {len(pictures) - 1}"
                axes.text(x + 0.5, y + 0.5, words, ha="center", va="center", color=GREY)
    axes.set(xlim=(0, len(frames) * (1 + GAP) - GAP), ylim=(-0.25, 2.6), aspect="equal", xticks=[])
    axes.set_yticks([1.86, 0.5], ["on the road,\nas V sees it", "in the\ndream"])
    axes.tick_params(left=False)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(
        "The same C from the same start (forward is up; below, the return so far)", pad=10
    )
    return figure


def shown(real: int, dreamt: int) -> list[int]:
    """Which frames, of episodes of so many steps: evenly, but closer while both go on."""
    both, longer = sorted((real, dreamt))
    if longer - both < longer / SHOWN:
        frames = np.linspace(0, longer, SHOWN)
    else:
        frames = np.r_[np.linspace(0, both, SHOWN - 3), np.linspace(both, longer, 4)[1:]]
    return [round(frame) for frame in frames.tolist()]
