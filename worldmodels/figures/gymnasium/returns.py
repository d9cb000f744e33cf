"""returns.png: the returns of C beside those of the random policy, from the worst to the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.style import CONTROLLER, GREY, WIDTH, new_figure

Returns = NDArray[np.float64]


def returns_figure(by_controller: Returns, baseline: Returns) -> Figure:
    """Each policy's episodes from the lowest return to the highest, and its mean as a line.

    Args:
        by_controller: returns of C.
        baseline: returns of the random policy.
    """
    figure = new_figure(WIDTH, 3.8)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.1, right=0.82, top=0.92, bottom=0.12)
    labels = []
    for returns, marker, colour, name in (
        (by_controller, "o", CONTROLLER, "C"),
        (baseline, "x", GREY, "random policy"),
    ):
        mean, stderr = returns.mean(), returns.std() / np.sqrt(len(returns))
        share = (np.arange(len(returns)) + 1.0) * 100 / len(returns)
        axes.plot(share, np.sort(returns), marker, color=colour, markersize=4)
        axes.axhline(mean, color=colour, linewidth=1)
        label = f"{name}:\n{mean:.1f} ± {stderr:.1f}"
        labels.append(LineLabel(float(mean), label, colour))
    axes.set(
        title=f"C returns {by_controller.mean():.1f}, the random policy {baseline.mean():.1f} "
        "(lines: means ± standard errors)",
        xlabel="test episodes from the worst to the best (%)",
        ylabel="return of the episode",
        xlim=(0, 101.5),
    )
    label_lines(axes, labels)
    return figure
