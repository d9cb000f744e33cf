"""temperature.png: returns of C in dreams and in the environment, by the dreams' temperature."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import BLUE, GREY, VERMILION, new_figure

Array = NDArray[np.float64]


class Cell(NamedTuple):
    """The scores of one seed's C, evolved in dreams of one temperature."""

    temperature: float
    dream_return: float  # in held-out dreams
    env_return: float  # on test tracks
    off_track_share: float  # of the episodes on test tracks
    baseline: float  # return of the random policy on test tracks


class Study(NamedTuple):
    """Scores by temperature and seed."""

    temperatures: Array  # (temperatures,), rising
    dream: Array  # (temperatures, seeds), returns in dreams
    env: Array  # (temperatures, seeds), returns in the environment
    baseline: float  # return of the random policy in the environment


LOG_RATIO = 100  # of the highest temperature to the lowest, from which the axis is logarithmic
LABEL_RATIO = 1.5  # of a label of such an axis to the one before, at the least
PAPER_STUDY = Study(  # Ha & Schmidhuber 2018, table 2: VizDoom: Take Cover, steps survived
    np.array([0.1, 0.5, 1.0, 1.15, 1.3]),
    np.array([[2086.0], [2060.0], [1145.0], [918.0], [732.0]]),
    np.array([[193.0], [196.0], [868.0], [1092.0], [753.0]]),
    210.0,
)


def temperature_figure(study: Study) -> Figure:
    """Means over seeds as lines, seeds as dots; beside them the paper's study."""
    figure = new_figure(10, 4.2)
    ours, theirs = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    figure.subplots_adjust(left=0.065, right=0.99, top=0.9, bottom=0.22, wspace=0.2)
    seeds = study.env.shape[1]
    _draw_study(ours, study, f"Racing, {seeds} seeds", "episode return")
    _draw_study(theirs, PAPER_STUDY, "VizDoom (the paper)", "steps survived, one agent each")
    figure.legend(*ours.get_legend_handles_labels(), loc="lower center", ncols=3)
    return figure


def _draw_study(axes: Axes, study: Study, name: str, ylabel: str) -> None:
    for scores, colour, line, label in (
        (study.dream, VERMILION, "--", "in dreams of the same temperature"),
        (study.env, BLUE, "-", "in the environment, test episodes"),
    ):
        mean = scores.mean(axis=1)
        axes.plot(study.temperatures, mean, line, color=colour, marker="o", label=label)
        if scores.shape[1] > 1:
            at = np.repeat(study.temperatures, scores.shape[1])
            axes.plot(at, scores.ravel(), ".", color=colour, markersize=4, alpha=0.6)
    axes.axhline(study.baseline, color=GREY, linestyle=":", label="random policy")
    best = study.temperatures[study.env.mean(axis=1).argmax()]
    axes.axvline(best, color=GREY, linewidth=0.8)
    wide = study.temperatures[-1] > LOG_RATIO * study.temperatures[0]
    axes.set_title(f"{name}: best at temperature {best:g}")
    axes.set(xscale="log" if wide else "linear", ylabel=ylabel)
    axes.set(xlabel=f"temperature of the dreams{' (logarithmic)' if wide else ''}")
    labelled: list[float] = []
    for tau in study.temperatures.tolist():
        if not (wide and labelled and tau < LABEL_RATIO * labelled[-1]):
            labelled.append(tau)
    axes.set_xticks(labelled, [f"{tau:g}" for tau in labelled])
    axes.minorticks_off()
    axes.set_ylim(min(0.0, float(study.env.min())), None)
