"""rounds.png: what C came to round by round, and what that took, beside the paper."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from worldmodels.figures.carracing.returns import SOLVED
from worldmodels.figures.common.style import BLUE, GREEN, GREY, INK, ORANGE, VERMILION, new_figure

PAPER = {1_000: 823, 7_370: 880, 71_600: 906}  # Ha & Schmidhuber 2018: return by core-hours
ROOM = 40.0  # points of the return below the least of them


class Rounds(NamedTuple):
    """One entry a round."""

    real_return: NDArray[np.float64]  # of its C on validation tracks
    core_hours: NDArray[np.float64]  # that it took, with all rounds before it
    real_frames: NDArray[np.float64]  # of the game that were collected, likewise


class Polished(NamedTuple):
    """The last C, polished, and what all of it took, the rounds with it."""

    real_return: float  # on validation tracks, others than the rounds'
    core_hours: float
    real_frames: float


class Final(NamedTuple):
    """The final drives, on tracks that no round saw."""

    mean: float
    stderr: float
    random: float  # mean of the random policy


def rounds(course: Rounds, polished: Polished, final: Final) -> Figure:
    """Validation by core-hours and by frames; the final test stands where all of it is paid.

    What is far better than the random policy is drawn large: that one is then below the picture.
    """
    figure = new_figure(10, 4.4)
    left = figure.add_axes((0.065, 0.25, 0.5, 0.67))
    right = figure.add_axes((0.605, 0.25, 0.38, 0.67), sharey=left)
    millions = course.real_frames / 1e6
    for axes, spent, at_last in (
        (left, course.core_hours, polished.core_hours),
        (right, millions, polished.real_frames / 1e6),
    ):
        _draw(axes, spent, course.real_return, at_last, polished.real_return, final)
    around = np.convolve(np.pad(course.real_return, 1, "edge"), [0.5, 0, 0.5], "valid")
    away = [(0, 7 if above else -15) for above in course.real_return > around]  # outside the bend
    away[-1] = (10, -3)
    for number, point in enumerate(zip(millions, course.real_return, strict=True)):
        _say(right, point, str(number), away[number])
    left.plot(
        list(PAPER), list(PAPER.values()), "s:", color=VERMILION, label="the paper, test tracks"
    )
    for point in PAPER.items():
        _say(left, point, str(point[1]), (0, -14))
    _say(left, (polished.core_hours, final.mean), f"{final.mean:.0f}", (14, -14))
    left.set(
        title="What it took to learn",
        xlabel="core-hours so far (logarithmic)",
        ylabel="mean return of C",
        xscale="log",
    )
    left.xaxis.set_major_formatter(lambda hours, _: f"{hours:,g}")
    left.margins(x=0.08)
    lowest = (*course.real_return, polished.real_return, final.mean - final.stderr)
    least = min(*lowest, *PAPER.values())
    left.set_ylim(bottom=least - ROOM)
    right.set(title="What it saw", xlabel="real frames learned from so far (millions)")
    right.set(xlim=(0, 1.08 * polished.real_frames / 1e6))
    right.tick_params(labelleft=False)
    figure.legend(*left.get_legend_handles_labels(), loc="lower center", ncols=3)
    return figure


def _draw(
    axes: Axes,
    spent: NDArray[np.float64],
    score: NDArray[np.float64],
    at_last: float,
    polished: float,
    final: Final,
) -> None:
    axes.plot(spent, score, "o-", color=BLUE, label="this project's rounds, validation tracks")
    name = f"the last, polished, other validation tracks: {polished:.0f}"
    axes.plot(at_last, polished, "o", color="white", markeredgecolor=BLUE, markersize=8, label=name)
    axes.plot([spent[-1], at_last], [score[-1], polished], ":", color=BLUE, zorder=1)
    axes.errorbar(
        [at_last],
        [final.mean],
        [final.stderr],
        fmt="D",
        markersize=5,
        color=ORANGE,
        markeredgecolor=INK,
        ecolor=INK,
        capsize=4,
        label=f"its C on test tracks: {final.mean:.0f} ± {final.stderr:.0f} (standard error)",
    )
    axes.axhline(SOLVED, color=GREEN, linestyle="--", linewidth=1.1, label=f"solved: {SOLVED}")
    axes.axhline(
        final.random, color=GREY, linestyle=":", label=f"random policy: {final.random:.0f}"
    )


def _say(axes: Axes, point: tuple[float, float], text: str, away: tuple[float, float]) -> None:
    axes.annotate(text, point, away, textcoords="offset points", ha="center", fontsize=8)
