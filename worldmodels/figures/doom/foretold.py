"""foretold.png: how surely dreams foretell deaths, and how often they end anyway."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.score_by_cost import draw_heading
from worldmodels.figures.common.style import (
    DREAM,
    ENVIRONMENT,
    GREY,
    MEMORY,
    WIDTH,
    Curve,
    new_figure,
)

SHOWN = 4  # decisions before a death, of the finding
LINES = {  # by column of the curve: words at its line, colour, line
    "foretold": ("before a death,\nended by then", DREAM, "-"),
    "foretold_later": ("two decisions later", DREAM, ":"),
    "hazard": ("dreams from\nrandom moments", DREAM, "--"),
    "real_hazard": ("games from\nrandom moments", ENVIRONMENT, "-"),
}


def foretold_figure(curve: Curve, deaths: int) -> Figure:
    """Shares of dreams that have ended by decisions; below, how well they tell moments apart.

    Args:
        curve: the columns of the curve of stage forecast_ends.
        deaths: recorded ones, before which dreams begin.
    """
    steps = curve["steps"]
    row = int((steps == SHOWN).argmax())
    figure = new_figure(WIDTH, 5.0)
    draw_heading(
        figure,
        f"{SHOWN} decisions ahead, dreams foretell {_percent(curve['foretold'][row])} of deaths; "
        f"they end in {_percent(curve['hazard'][row])} anyway",
        f"Dreams with the actions of {deaths:,} recorded games that M has not learned from, begun "
        "before the death.",
    )
    top = figure.add_axes((0.085, 0.36, 0.69, 0.48))
    bottom = figure.add_axes((0.085, 0.1, 0.69, 0.155))
    labels = []
    for name, (words, colour, line) in LINES.items():
        shares = 100 * curve[name]
        top.plot(steps, shares, line, color=colour, marker="o", markersize=4, clip_on=False)
        labels.append(LineLabel(shares[-1], f"{words}: {shares[-1]:.0f} %", colour))
    title = "Dreams that have ended (all would be perfect; from random moments, as games do)"
    top.set_title(title, weight="normal")
    top.set(ylim=(0, 100))
    top.set_yticks(range(0, 101, 25), [f"{share} %" for share in range(0, 101, 25)])
    auc = curve["auc"]
    title = "Is the end near? Chance that the dream of the nearer end says so (AUC)"
    bottom.set_title(title, weight="normal")
    bottom.plot(steps, auc, color=MEMORY, marker="o", markersize=4, clip_on=False)
    bottom.axhline(0.5, color=GREY, linewidth=0.8)
    bottom.set(ylim=(min(0.45, float(auc.min()) - 0.05), 1))
    bottom.set(xlabel="decisions of the dream")
    for axes in (top, bottom):
        _set_steps(axes, steps)
    top.tick_params(labelbottom=False)
    label_lines(top, labels)
    label_lines(
        bottom,
        [LineLabel(auc[-1], f"M's dreams: {auc[-1]:.2f}", MEMORY), LineLabel(0.5, "chance", GREY)],
    )
    return figure


def _set_steps(axes: Axes, steps: NDArray[np.float64]) -> None:
    axes.set(xlim=(0, steps[-1]))
    axes.set_xticks(steps, [f"{step:.0f}" for step in steps])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
