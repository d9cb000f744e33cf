"""tics_alive.png: how long C lives in each test game, beside policies that look at nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.paper_doom import PAPER_STDERR, PAPER_TICS
from worldmodels.figures.common.score_by_cost import draw_heading, printed_number
from worldmodels.figures.common.style import CONTROLLER, GREY, INK, PAPER, WIDTH, Curve, new_figure

LOOKS = {  # by policy: words at its line, colour, line
    "controller": ("C", CONTROLLER, "-"),
    "own_actions": ("C's actions in\nother games", CONTROLLER, "--"),
    "sweep": ("to and fro", INK, "-"),
    "random": ("random", GREY, "-"),
    "left": ("always left", INK, ":"),
    "still": ("still", INK, "-."),
}


class Score(NamedTuple):
    """Tics alive of a policy."""

    mean: float
    stderr: float


def tics_alive_figure(percentiles: Curve, scores: Mapping[str, Score], games: int) -> Figure:
    """Tics alive in each policy's games, from the shortest to the longest, and its mean.

    Args:
        percentiles: the columns of the curve of stage evaluate_controls.
        scores: by the keys of LOOKS.
        games: of C.
    """
    blind = {name: score for name, score in scores.items() if name != "controller"}
    best = max(blind, key=lambda name: blind[name].mean)
    c, words = scores["controller"], LOOKS[best][0].replace("\n", " ")
    figure = new_figure(WIDTH, 4.6)
    draw_heading(
        figure,
        f"C lives {_words(c)} tics; the best policy that looks at nothing, {_words(scores[best])}",
        f"Take Cover, tics alive in up to {games:,} test games; dots are means, ± standard error. "
        f"That policy: {words}.",
    )
    axes = figure.add_axes((0.07, 0.11, 0.72, 0.73))
    axes.set(xlim=(0, 100), xlabel="games, from the shortest to the longest (%)")
    axes.set(ylim=(0, 1.04 * max(percentiles[name].max() for name in scores)))
    axes.set_yticks(range(0, int(axes.get_ylim()[1]) + 1, 300))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    labels = [_draw_policy(axes, name, percentiles, score) for name, score in scores.items()]
    axes.axhline(PAPER_TICS, color=PAPER, linewidth=1.0, zorder=1)
    paper = f"the paper's C:\n{_words(Score(PAPER_TICS, PAPER_STDERR))}"
    label_lines(axes, [*labels, LineLabel(PAPER_TICS, paper, PAPER)])
    return figure


def _draw_policy(axes: Axes, name: str, percentiles: Curve, score: Score) -> LineLabel:
    """Draw the games of a policy, and a dot at its mean, from which a thin line leads to its name.

    Returns:
        The name.
    """
    words, colour, line = LOOKS[name]
    wide = 2.2 if name == "controller" else 1.4
    tics, percent = percentiles[name], percentiles["percentile"]
    axes.plot(percent, tics, line, color=colour, linewidth=wide, clip_on=False)
    where = float(np.interp(score.mean, tics, percent))
    axes.plot([where, 100], [score.mean, score.mean], color=colour, linewidth=0.5, alpha=0.6)
    axes.plot(where, score.mean, "o", color=colour, markersize=4.5)
    return LineLabel(score.mean, f"{words}: {_words(score)}", colour)


def _words(score: Score) -> str:
    return f"{printed_number(score.mean)} ± {score.stderr:.0f}"
