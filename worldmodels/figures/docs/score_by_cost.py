"""score_by_cost.svg: CarRacing's score by core-hours, this project's beside the paper's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import PAPER, PROJECT
from worldmodels.figures.docs.style import TEXT, docs_figure, docs_style

Array = NDArray[np.float64]
Point = tuple[float, float]
SOLVED = 900  # the mean return from which CarRacing counts as solved
HEIGHT = 440  # pixels
SHOWN_CHECKPOINTS = (0, 1, 7)  # of the paper's, besides the last, with their scores
SOURCE = (
    "The paper: Ha & Schmidhuber 2018; all 72 checkpoints of its log are\n"
    "those of github.com/hardmaru/WorldModelsExperiments, carracing/log"
)
ARROW_RETURN = 937.0  # where the arrow from one agent to the other is drawn


class Checkpoints(NamedTuple):
    """Mean returns on the way, on tracks that chose among controllers."""

    core_hours: Array  # (n,), so far
    returns: Array  # (n,)


class TestScore(NamedTuple):
    """An agent's evaluation on 100 tracks that chose nothing."""

    core_hours: float  # that it took to train
    mean_return: float
    stderr: float


def score_by_cost_figure(
    rounds: Checkpoints,
    finetuned: Checkpoints,
    tests: tuple[TestScore, TestScore],
    paper_log: Checkpoints,
    paper_test: TestScore,
) -> Figure:
    """Returns by core-hours on a logarithmic axis; hollow markers chose, filled ones are tests.

    Args:
        rounds: C of each round, on validation tracks.
        finetuned: of one entry, that C after fine-tuning, on other validation tracks.
        tests: of the C of `make carracing`, and of the released agent.
        paper_log: all checkpoints of the paper's log.
        paper_test: the paper's result.
    """
    released = tests[1]
    factor = paper_test.core_hours / released.core_hours
    with docs_style():
        figure = docs_figure(
            HEIGHT,
            f"The score of the paper after 1/{rounded(factor):,} of its core-hours",
            "CarRacing, mean return.  ● 100 test tracks, ± standard error   "
            "○ tracks that chose among controllers, during training",
        )
        axes = figure.add_axes((0.062, 0.105, 0.93, 0.755))
        axes.axhline(SOLVED, color=TEXT, linewidth=0.8)
        axes.text(0.16, SOLVED + 3, f"solved: {SOLVED}", va="bottom")
        _draw_project(axes, rounds, finetuned, tests)
        _draw_paper(axes, paper_log, paper_test)
        left, right = released.core_hours, paper_test.core_hours
        arrow = {"arrowstyle": "<->", "color": TEXT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (left, ARROW_RETURN), (right, ARROW_RETURN), arrowprops=arrow)
        middle = float(np.sqrt(left * right))
        _label(axes, (middle, ARROW_RETURN), f"x {rounded(factor):,}", (0, 3), TEXT, "center")
        axes.set(xscale="log", xlim=(0.15, 250_000), ylim=(470, 965))
        axes.set(xlabel="core-hours so far (logarithmic)")
        axes.xaxis.set_major_formatter(lambda hours, _: f"{hours:,g}")
        axes.minorticks_off()
    return figure


def rounded(number: float, digits: int = 1) -> int:
    """A number with all but its first digits zero."""
    return round(float(f"{number:.{digits - 1}e}"))


def _draw_project(
    axes: Axes, rounds: Checkpoints, finetuned: Checkpoints, tests: tuple[TestScore, TestScore]
) -> None:
    hours = np.concatenate([rounds.core_hours, finetuned.core_hours])
    returns = np.concatenate([rounds.returns, finetuned.returns])
    shipped, released = tests
    axes.plot([*hours, released.core_hours], [*returns, released.mean_return], color=PROJECT)
    _draw_hollow(axes, hours, returns, PROJECT, 6)
    for number, point in enumerate(zip(*rounds, strict=True)):
        _label(axes, point, f"round {number}: {point[1]:.0f}", (10, -4), PROJECT)
    last = (float(finetuned.core_hours[0]), float(finetuned.returns[0]))
    _label(axes, last, f"fine-tuned: {last[1]:.0f}", (10, -15), PROJECT)
    for test, name, offset, weight in (
        (shipped, "make carracing", (10, -12), "normal"),
        (released, "this project, released", (8, 3), "bold"),
    ):
        text = f"{name}: {test.mean_return:.0f} ± {test.stderr:.0f} after {test.core_hours:.1f}"
        _draw_test(axes, test, PROJECT)
        _label(axes, (test.core_hours, test.mean_return), text, offset, PROJECT, weight=weight)


def _draw_paper(axes: Axes, log: Checkpoints, test: TestScore) -> None:
    axes.plot(log.core_hours, log.returns, "-", color=PAPER, linewidth=1.0)
    _draw_hollow(axes, log.core_hours, log.returns, PAPER, 3)
    axes.text(0.995, 0.1, SOURCE, transform=axes.transAxes, ha="right", color=PAPER)
    for number in SHOWN_CHECKPOINTS:
        point = (float(log.core_hours[number]), float(log.returns[number]))
        _label(axes, point, f"{point[1]:.0f}", (4, -14), PAPER)
    last = (float(log.core_hours[-1]), float(log.returns[-1]))
    _label(axes, last, f"its log: {last[1]:.0f}", (0, -23), PAPER, "right")
    hours = rounded(test.core_hours, 3)
    text = f"the paper: {test.mean_return:.0f} ± {test.stderr:.0f} after {hours:,}"
    _draw_test(axes, test, PAPER)
    _label(axes, (test.core_hours, test.mean_return), text, (6, 3), PAPER, "right", "bold")


def _draw_hollow(axes: Axes, hours: Array, returns: Array, colour: str, size: float) -> None:
    axes.plot(hours, returns, "o", markerfacecolor="none", color=colour, markersize=size)


def _draw_test(axes: Axes, test: TestScore, colour: str) -> None:
    axes.plot(test.core_hours, test.mean_return, "o", color=colour, markersize=6)


def _label(
    axes: Axes,
    point: Point,
    text: str,
    offset: Point,
    colour: str,
    align: str = "left",
    weight: str = "normal",
) -> None:
    how: dict[str, Any] = {"ha": align, "color": colour, "weight": weight}
    axes.annotate(text, point, offset, textcoords="offset points", **how)
