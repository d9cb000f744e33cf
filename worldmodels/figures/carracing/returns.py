"""returns.png: the return of C on each test track, and whether it finished the lap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure, MaxNLocator
from worldmodels.figures.common.score_by_cost import (
    PAPER_EPISODES,
    draw_heading,
    paper_test,
    printed_number,
)
from worldmodels.figures.common.style import INK, PAPER, PROJECT, new_figure

Array = NDArray[np.float64]
Finished = NDArray[np.bool_]
LOWEST = 600.0  # the lowest end of the axis, if nearly all returns are above it
OUTLIERS = 0.1  # share of returns that may be below the axis
LABEL_HEIGHT = 0.4  # of the label of unfinished laps, as a share of the axis
CLEARANCE = 0.06  # of labels from dots, the same


def returns_figure(by_controller: Array, finished: Finished, baseline: Array) -> Figure:
    """Returns from the lowest to the highest, with their mean and median.

    Few returns below LOWEST are drawn at the lower edge, with their number and the lowest.

    Args:
        by_controller: returns of C, one a track.
        finished: in which of C's episodes the lap was finished.
        baseline: returns of the random policy.
    """
    order = by_controller.argsort(kind="stable")
    returns, finished = by_controller[order], finished[order]
    count, mean = len(returns), float(returns.mean())
    stderr = float(returns.std() / np.sqrt(count))
    score = f"{printed_number(mean)} ± {stderr:.0f}"
    laps = "one whole lap" if finished.sum() == 1 else f"{finished.sum() or 'no'} whole laps"
    figure = new_figure(9.2, 4.3)
    draw_heading(
        figure,
        f"C returns {score} over {count} test tracks, {laps} among them",
        "CarRacing, return on each test track, driven once; ± standard error. The random policy "
        f"returns {printed_number(baseline.mean())}.",
    )
    axes = figure.add_axes((0.055, 0.115, 0.765, 0.735))
    bottom, highest = axis_bottom(returns), 20 * float(np.ceil(returns.max() / 20))
    axes.set(xlim=(0.5 - 0.01 * count, 0.5 + 1.01 * count), ylim=(bottom, highest + 10))
    axes.set(xlabel="test tracks, from the worst to the best")
    rank = np.arange(1, count + 1, dtype=np.float64)
    ticks = MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]).tick_values(1, count)
    axes.set_xticks(np.intersect1d(ticks, rank))
    for group, marker, face in ((finished, "o", PROJECT), (~finished, "D", "white")):
        axes.plot(
            rank[group], returns[group], marker, color=PROJECT, markerfacecolor=face, markersize=4.5
        )
    _name_markers(axes, returns, finished)
    _draw_outliers(axes, rank, returns)
    _draw_averages(axes, mean, stderr, float(np.median(returns)))
    return figure


def axis_bottom(returns: Array) -> float:
    """A round number below all returns; LOWEST, if a few of them are below that."""
    below = float(50 * np.floor((returns.min() - 10) / 50))
    few = (returns < LOWEST).mean() <= OUTLIERS and returns.mean() > LOWEST
    return max(below, LOWEST) if few else below


def _name_markers(axes: Axes, returns: Array, finished: Finished) -> None:
    """Say what the markers mean, below the rising dots, where the figure is empty."""
    bottom, top = axes.get_ylim()

    def average(group: Finished) -> str:
        return f"{'on average ' if group.sum() > 1 else ''}{printed_number(returns[group].mean())}"

    if finished.any():
        height = min(returns[finished][0], returns.mean()) - CLEARANCE * (top - bottom)
        laps = "whole lap" if finished.sum() == 1 else "whole laps"
        text = f"● {finished.sum()} {laps}, {average(finished)}"
        _write(axes, (len(returns), height), text, "right")
    if not finished.all():
        height = bottom + LABEL_HEIGHT * (top - bottom)
        below = int(np.searchsorted(returns, height + CLEARANCE * (top - bottom)))
        right_of = 1 + below % len(returns)  # if all are below, the label is above them
        text = f"◇ {(~finished).sum()} with tiles missed, {average(~finished)}"
        _write(axes, (right_of + 0.01 * len(returns), height), text)


def _draw_outliers(axes: Axes, rank: Array, returns: Array) -> None:
    bottom, top = axes.get_ylim()
    count = int((returns < bottom).sum())
    if count:
        edge = np.full(count, bottom)
        axes.plot(rank[:count], edge, "v", color=PROJECT, markersize=7, clip_on=False, zorder=4)
        worst = "at " if count == 1 else "the worst "
        text = f"▼ {count} below {bottom:.0f}, {worst}{printed_number(returns[0])}"
        _write(axes, (rank[count - 1] + 0.02 * len(rank), bottom + 0.03 * (top - bottom)), text)


def _draw_averages(axes: Axes, mean: float, stderr: float, median: float) -> None:
    """Mean and median as lines, with their labels to the right, and the paper's mean."""
    lines = [
        (mean, "-", f"mean {printed_number(mean, 1)} ± {stderr:.1f}"),
        (median, "--", f"median {printed_number(median, 1)}"),
    ]
    lines.sort()
    lower = lines[0][0]
    for (height, style, text), align in zip(lines, ("top", "bottom"), strict=True):
        axes.axhline(height, color=INK, linestyle=style, linewidth=1.0, zorder=1)
        _write_beside(axes, height, text, 0, INK, align)
    paper = paper_test()
    text = f"the paper: {paper.mean_return:.0f} ± {paper.stderr:.0f}\nover {PAPER_EPISODES} tracks"
    _write_beside(axes, lower, text, -16, PAPER, "top")


def _write(axes: Axes, point: tuple[float, float], text: str, align: str = "left") -> None:
    axes.text(*point, text, ha=align, va="center", color=PROJECT)


def _write_beside(axes: Axes, height: float, text: str, up: float, colour: str, align: str) -> None:
    """Write right of the axes, `up` typographic points above a height."""
    axes.annotate(
        text,
        (1, height),
        (6, up),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va=align,
        color=colour,
    )
