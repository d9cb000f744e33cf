"""cma_es_curve.png: how evolution got there."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from worldmodels.figures.common.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    Curve,
    new_figure,
)


def draw_fitness(axes: Axes, curve: Curve) -> None:
    """Best, mean and median of every generation, and the random policy."""
    generation = curve["generation"]
    axes.plot(generation, curve["best"], color=BLUE, label="best of generation")
    axes.plot(generation, curve["mean"], color=ORANGE, label="population mean")
    axes.plot(generation, curve["median"], color=GREEN, linestyle="--", label="population median")
    axes.axhline(curve["random"][0], color=GREY, linestyle=":", label="random policy")
    axes.set(xlabel="generation", ylabel="episode return")


def cma_es_curve(curve: Curve) -> Figure:
    """Returns by generation, with the candidates of the final choice; below, the step size."""
    dreaming = not np.array_equal(curve["real"], curve["champion"])
    figure = new_figure(7.2, 5.6)
    top, bottom = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [3.2, 1], "hspace": 0.12}
    )
    figure.subplots_adjust(left=0.1, right=0.98, top=0.94, bottom=0.215 if dreaming else 0.185)
    draw_fitness(top, curve)
    generation = curve["generation"]
    top.plot(
        generation,
        curve["distribution_mean"],
        color=VERMILION,
        linewidth=1,
        label="distribution mean",
    )
    champion = curve["champion"]
    chosen = (champion == champion[-1]).argmax()
    if dreaming:
        label = f"best so far, on real roads: {curve['real'][-1]:+.1f}"
        top.plot(generation, curve["real"], color=INK, linestyle="--", linewidth=1, label=label)
    label = f"chosen{' in dreams' if dreaming else ''}: {champion[-1]:+.1f}"
    top.plot(generation[chosen], champion[chosen], "*", color=INK, markersize=13, label=label)
    top.set(title=f"Evolution of C{' in dreams' if dreaming else ''}", xlabel="")
    figure.legend(loc="lower center", ncols=3)
    bottom.plot(generation, curve["sigma"], color=INK)
    bottom.set(
        xlabel="generation", ylabel="step size $\\sigma$", ylim=(0, 1.15 * curve["sigma"].max())
    )
    return figure
