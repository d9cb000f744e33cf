"""temperature.png: what C earns in dreams and on roads, by the temperature of the dreams."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from worldmodels.figures.common.style import BLUE, GREY, VERMILION, new_figure

Scores = NDArray[np.float64]


class Study(NamedTuple):
    """Scores by temperature and seed."""

    temperatures: Scores  # (temperatures,), rising
    dreamt: Scores  # (temperatures, seeds)
    real: Scores  # (temperatures, seeds)
    random: float  # of the random policy, on roads


WIDE = 100  # from the lowest to the highest, for an axis that is logarithmic
APART = 1.5  # from one label of such an axis to the next, at the least
PAPER = Study(  # Ha & Schmidhuber 2018, table 2: VizDoom: Take Cover, steps survived
    np.array([0.1, 0.5, 1.0, 1.15, 1.3]),
    np.array([[2086.0], [2060.0], [1145.0], [918.0], [732.0]]),
    np.array([[193.0], [196.0], [868.0], [1092.0], [753.0]]),
    210.0,
)


def temperature(study: Study) -> Figure:
    """Means over seeds as lines, seeds as dots; beside it the paper's own."""
    figure = new_figure(10, 4.2)
    ours, theirs = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    figure.subplots_adjust(left=0.065, right=0.99, top=0.9, bottom=0.22, wspace=0.2)
    seeds = study.real.shape[1]
    _draw(ours, study, f"This project: racing, {seeds} seeds", "episode return")
    _draw(theirs, PAPER, "The paper: VizDoom, one agent each", "steps survived")
    figure.legend(*ours.get_legend_handles_labels(), loc="lower center", ncols=3)
    return figure


def _draw(axes: Axes, study: Study, title: str, score: str) -> None:
    for scores, colour, line, name in (
        (study.dreamt, VERMILION, "--", "in the dreams it evolved in"),
        (study.real, BLUE, "-", "on the real thing, never seen before"),
    ):
        mean = scores.mean(axis=1)
        axes.plot(study.temperatures, mean, line, color=colour, marker="o", label=name)
        if scores.shape[1] > 1:
            at = np.repeat(study.temperatures, scores.shape[1])
            axes.plot(at, scores.ravel(), ".", color=colour, markersize=4, alpha=0.6)
    axes.axhline(study.random, color=GREY, linestyle=":", label="random policy")
    best = study.temperatures[study.real.mean(axis=1).argmax()]
    axes.axvline(best, color=GREY, linewidth=0.8)
    wide = study.temperatures[-1] > WIDE * study.temperatures[0]
    axes.set(xscale="log" if wide else "linear", title=title, ylabel=score)
    axes.set(xlabel=f"temperature of the dreams{' (logarithmic)' if wide else ''}")
    labelled: list[float] = []
    for tau in study.temperatures.tolist():
        if not (wide and labelled and tau < APART * labelled[-1]):
            labelled.append(tau)
    axes.set_xticks(labelled, [f"{tau:g}" for tau in labelled])
    axes.minorticks_off()
    axes.set_ylim(min(0.0, float(study.real.min())), None)
