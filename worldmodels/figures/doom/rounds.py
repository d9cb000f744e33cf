"""rounds.png: C's score after each round, in real games and, in other units, in its dreams."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.paper_doom import PAPER_TICS
from worldmodels.figures.common.score_by_cost import draw_heading, printed_number
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, INK, PAPER, WIDTH, new_figure
from worldmodels.figures.doom.tics_alive import LOOKS, Score

Array = NDArray[np.float64]


class Rounds(NamedTuple):
    """One entry a round, of its C."""

    validation: Array  # mean tics alive in validation games
    # mean sum of the rewards of a dream, in the last iteration; of some steps, and M may have
    # learned shaped rewards, so these are no tics
    dream: Array


def rounds_figure(rounds: Rounds, scores: dict[str, Score]) -> Figure:
    """Scores by round, beside the test of the last C, its best control and the paper's C.

    Args:
        rounds: at least one.
        scores: in test games, by policy, see `tics_alive.LOOKS`.
    """
    c = scores["controller"]
    best = max(scores.keys() - {"controller"}, key=lambda name: scores[name].mean)
    number = np.arange(len(rounds.validation))
    figure = new_figure(WIDTH, 4.2)
    draw_heading(
        figure,
        f"C lives {printed_number(rounds.validation[0])} tics after its first round, and "
        f"{printed_number(rounds.validation[-1])} after its last",
        "Take Cover.  ○ validation games, which chose C   ● test games of the last C, ± standard "
        "error",
    )
    left = figure.add_axes((0.07, 0.12, 0.43, 0.68))
    right = figure.add_axes((0.74, 0.12, 0.16, 0.68))
    left.set_title("Tics alive in real games", color=ENVIRONMENT)
    left.plot(number, rounds.validation, "o-", color=ENVIRONMENT, markerfacecolor="white")
    left.errorbar(number[-1], c.mean, c.stderr, fmt="o", color=ENVIRONMENT)
    lines = (
        (scores[best].mean, INK, f"{LOOKS[best][0]}: "),
        (PAPER_TICS, PAPER, "the paper's C: "),
    )
    for score, colour, _ in lines:
        left.axhline(score, color=colour, linewidth=1.0, zorder=1)
    shown = [*rounds.validation, c.mean + c.stderr, *(score for score, *_ in lines)]
    left.set(ylim=(0, 1.08 * max(shown)))
    _set_rounds(left, number)
    label_lines(
        left,
        [
            LineLabel(c.mean, f"test: {printed_number(c.mean)} ± {c.stderr:.0f}", ENVIRONMENT),
            LineLabel(
                rounds.validation[-1],
                f"validation: {printed_number(rounds.validation[-1])}",
                ENVIRONMENT,
            ),
            *(
                LineLabel(score, f"{text}{printed_number(score)}", colour)
                for score, colour, text in lines
            ),
        ],
    )
    right.set_title("Reward of a dream", color=DREAM)
    right.plot(number, rounds.dream, "o-", color=DREAM)
    left.yaxis.set_major_formatter("{x:,.0f}")
    right.set(ylim=(0, 1.08 * max(1.0, float(rounds.dream.max()))))
    _set_rounds(right, number)
    label_lines(right, [LineLabel(rounds.dream[-1], printed_number(rounds.dream[-1]), DREAM)])
    return figure


def _set_rounds(axes: Axes, number: NDArray[np.int64]) -> None:
    axes.set(xlabel="round", xlim=(-0.3, number[-1] + 0.3))
    axes.set_xticks(number)
