"""Scores in CarRacing by what they cost: the paper's, which figures show beside this project's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import PAPER, with_minus_signs

Array = NDArray[np.float64]
Point = tuple[float, float]
SOLVED = 900  # the mean return over 100 tracks from which CarRacing counts as solved
# github.com/hardmaru/WorldModelsExperiments at fd982b9, carracing.cma.16.64.hist_best.json in
# carracing/log: means over 1,024 rollouts, and the seconds so far
PAPER_LOG = Path(__file__).with_name("paper_carracing_log.csv")
PAPER_CORES = 64
# Ha & Schmidhuber 2018, table 1: the mean on 100 tracks and its standard deviation over them, with
# z and h, and with z alone
PAPER_RETURN, PAPER_STD, PAPER_EPISODES = 906.0, 21.0, 100
PAPER_Z, PAPER_Z_STD = 632.0, 251.0


class Checkpoints(NamedTuple):
    """Mean returns on the way, on tracks that chose among controllers."""

    core_hours: Array  # (n,), so far
    returns: Array  # (n,)


class TestScore(NamedTuple):
    """An agent's evaluation on tracks that chose nothing."""

    core_hours: float  # that it took to train
    mean_return: float
    stderr: float


def paper_log() -> Checkpoints:
    """All checkpoints of the paper's log."""
    table = np.genfromtxt(PAPER_LOG, delimiter=",", names=True)
    return Checkpoints(table["seconds"] * PAPER_CORES / 3600, table["mean_return"])


def paper_test() -> TestScore:
    """The paper's result."""
    hours, stderr = paper_log().core_hours[-1], PAPER_STD / np.sqrt(PAPER_EPISODES)
    return TestScore(float(hours), PAPER_RETURN, float(stderr))


def mean_over_seeds(means: Sequence[float], stderrs: Sequence[float]) -> tuple[float, float]:
    """The mean of several training seeds' mean returns on the same tracks, and its standard error.

    The error is over seeds and tracks. Of one seed it is that over tracks, `stderrs[0]`. Of more
    it is an upper bound: what a seed is good for on some tracks alone counts twice.
    """
    count = len(means)
    over_seeds = float(np.var(means, ddof=1)) / count if count > 1 else 0.0
    return float(np.mean(means)), float(np.sqrt(over_seeds + np.mean(np.square(stderrs))))


def rounded(number: float, digits: int = 1) -> int:
    """A number with all but its first digits zero."""
    return round(float(f"{number:.{digits - 1}e}"))


def printed_number(number: float, digits: int = 0) -> str:
    """A number of so many decimal places, as it is printed: with commas and a minus sign."""
    return with_minus_signs(f"{number:,.{digits}f}")


def draw_paper_log(axes: Axes, labelled: Sequence[int]) -> None:
    """Draw the paper's checkpoints by core-hours, the last and those of these numbers labelled."""
    log = paper_log()
    axes.plot(log.core_hours, log.returns, "-", color=PAPER, linewidth=1.0)
    draw_hollow(axes, log.core_hours, log.returns, PAPER, 3)
    for number in labelled:
        point = (float(log.core_hours[number]), float(log.returns[number]))
        draw_label(axes, point, f"{point[1]:.0f}", (4, -14), PAPER)
    last = (float(log.core_hours[-1]), float(log.returns[-1]))
    draw_label(axes, last, f"its log: {last[1]:.0f}", (0, -23), PAPER, "right")


def draw_paper_test(axes: Axes) -> None:
    """Draw the paper's result by core-hours."""
    test = paper_test()
    hours = rounded(test.core_hours, 3)
    text = f"the paper: {test.mean_return:.0f} ± {test.stderr:.0f} after {hours:,}"
    draw_test(axes, test, PAPER)
    draw_label(axes, (test.core_hours, test.mean_return), text, (6, 3), PAPER, "right", "bold")


def draw_hollow(axes: Axes, costs: Array, returns: Array, colour: str, size: float) -> None:
    """Draw scores on tracks that chose among controllers."""
    axes.plot(costs, returns, "o", markerfacecolor="none", color=colour, markersize=size)


def draw_test(axes: Axes, test: TestScore, colour: str) -> None:
    """Draw a score on tracks that chose nothing."""
    axes.plot(test.core_hours, test.mean_return, "o", color=colour, markersize=6)


def draw_label(
    axes: Axes,
    point: Point,
    text: str,
    offset: Point,
    colour: str,
    align: str = "left",
    weight: str = "normal",
) -> None:
    """Write text beside a point, `offset` in typographic points."""
    how: dict[str, Any] = {"ha": align, "color": colour, "weight": weight}
    axes.annotate(text, point, offset, textcoords="offset points", **how)


def draw_heading(figure: Figure, finding: str, contents: str) -> None:
    """Write a figure's finding on top, and what it shows below that."""
    height = 72 * figure.get_figheight()  # typographic points
    figure.text(0.01, 1 - 5 / height, finding, va="top", weight="bold", size=12)
    figure.text(0.01, 1 - 24 / height, contents, va="top")
