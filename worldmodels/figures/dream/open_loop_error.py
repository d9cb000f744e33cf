"""dream_error.png: how far a dream is from the drive that it began as, step by step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from worldmodels.figures.common.style import BLUE, GREEN, GREY, INK, VERMILION, new_figure

LOOKS = ((BLUE, "-"), (GREEN, "--"), (VERMILION, "-."), (GREY, ":"), (INK, (0, (1, 1))))


def dream_error(errors: Mapping[str, NDArray[np.float64]], drives: int) -> Figure:
    """A line a way of telling the next z: root mean square error (steps,) by steps ahead."""
    figure = new_figure(7.8, 4.2)
    axes = figure.add_axes((0.08, 0.12, 0.53, 0.8))
    for (name, error), (colour, line) in zip(errors.items(), LOOKS, strict=False):
        steps = np.arange(1, len(error) + 1)
        axes.plot(steps, error, color=colour, linestyle=line, label=f"{name}: {error[-1]:.2f}")
    axes.set(
        title=f"How a dream strays from the drive ({drives} drives of C)",
        xlabel="steps since the start, actions as in the drive",
        ylabel="error of z (root mean square / spread of z)",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="after the last step")
    return figure
